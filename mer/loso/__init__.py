"""Stage 8c, the evaluation: some subjects are left out in turn, and predicted by what the others taught."""

from mer.loso.each_class import EachClass
from mer.loso.evaluation import Evaluation
from mer.loso.fold import Tuning, fold_seed
from mer.loso.guards import check_duplicate_recordings, check_split
from mer.loso.schemes import HoldOut, LeaveDatabaseOut, Loso, SubjectFolds
from mer.loso.store import FoldStore
from mer.svm import Split

__all__ = [
    "EachClass",
    "Evaluation",
    "FoldStore",
    "HoldOut",
    "LeaveDatabaseOut",
    "Loso",
    "Split",
    "SubjectFolds",
    "Tuning",
    "check_duplicate_recordings",
    "check_split",
    "fold_seed",
]
