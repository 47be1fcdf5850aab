"""Stage 8b, the choice of the classifier's settings: on the training subjects of one outer fold, never beyond."""

from mer.tuning.best_epoch import BestTestEpoch, EpochByEpoch
from mer.tuning.folds import inner_folds
from mer.tuning.kinds import Choice, GlobalTuning, NestedTuning, NoTuning

__all__ = ["BestTestEpoch", "Choice", "EpochByEpoch", "GlobalTuning", "NestedTuning", "NoTuning", "inner_folds"]
