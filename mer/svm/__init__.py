"""Stage 8a, the classifier: feature rows → one decision score a class."""

from mer.svm.classifier import Estimator, FittedEstimator, InnerRefits
from mer.svm.machine import FittedSvm, Svm
from mer.svm.side import Side, Split

__all__ = ["Estimator", "FittedEstimator", "FittedSvm", "InnerRefits", "Side", "Split", "Svm"]
