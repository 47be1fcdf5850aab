"""Stage 8a, the classifier: feature rows → one decision score per class."""

from mer.svm.classifier import Estimator, FittedEstimator, InnerRefits
from mer.svm.coded import Coded, FittedCoded, InnerCoded
from mer.svm.codes import FittedCodes, SparseCodes
from mer.svm.ensemble import Ensemble, FittedEnsemble
from mer.svm.fitted import FittedSvm
from mer.svm.learner import Classifier, Fitted, InnerFolds, Learner, Space, Span
from mer.svm.machine import Svm
from mer.svm.training_set import Split, TrainingSet

__all__ = [
    "Classifier",
    "Coded",
    "Ensemble",
    "Estimator",
    "Fitted",
    "FittedCoded",
    "FittedCodes",
    "FittedEnsemble",
    "FittedEstimator",
    "FittedSvm",
    "InnerCoded",
    "InnerFolds",
    "InnerRefits",
    "Learner",
    "Space",
    "Span",
    "SparseCodes",
    "Split",
    "Svm",
    "TrainingSet",
]
