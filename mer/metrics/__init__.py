"""Scores of pooled predictions, with intervals over subjects; computed from ``predictions.csv`` alone.

Every score rests on confusion matrices that are summed over the folds: the mean of the folds' own scores is another
number, and has another name.
"""

from mer.metrics.chance import label_permutation
from mer.metrics.importance import importance
from mer.metrics.intervals import METHODS as INTERVALS
from mer.metrics.intervals import by_subject, influence, t_intervals, t_limits
from mer.metrics.measures import HEADLINE, SCORES, confusion_matrix, measures, of_counts, score
from mer.metrics.summary import from_predictions, summarise

__all__ = [
    "HEADLINE",
    "INTERVALS",
    "SCORES",
    "by_subject",
    "confusion_matrix",
    "from_predictions",
    "importance",
    "influence",
    "label_permutation",
    "measures",
    "of_counts",
    "score",
    "summarise",
    "t_intervals",
    "t_limits",
]
