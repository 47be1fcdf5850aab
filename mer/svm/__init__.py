"""Stage 8a, the classifier: feature rows → one decision score a class."""

from mer.svm.classifier import Estimator, FittedEstimator, InnerRefits
from mer.svm.coded import Coded, FittedCoded, InnerCoded
from mer.svm.codes import FittedCodes, SparseCodes
from mer.svm.committee import Committee, FittedCommittee
from mer.svm.fitted import FittedSvm
from mer.svm.machine import Svm
from mer.svm.side import InnerFolds, Side, Split

__all__ = [
    "Coded",
    "Committee",
    "Estimator",
    "FittedCoded",
    "FittedCodes",
    "FittedCommittee",
    "FittedEstimator",
    "FittedSvm",
    "InnerCoded",
    "InnerFolds",
    "InnerRefits",
    "Side",
    "SparseCodes",
    "Split",
    "Svm",
]
