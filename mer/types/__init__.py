"""What passes between the stages: frozen, checked on creation, arrays read-only.

Convention
----------
Image points are (x, y) in pixels, x to the right, y downwards, with pixel centres at integers: the centre of the
top-left pixel is (0, 0). Angles are measured in that frame, so +90° points down.
"""

from mer.types.arrays import (
    AlignedPair,
    Float32,
    FlowField,
    FramePair,
    Image,
    Landmarks,
    Numbers,
    Regions,
    frozen_array,
)
from mer.types.documents import (
    Calibration,
    Card,
    Chance,
    ClassScores,
    IntervalMethod,
    Limits,
    Majority,
    Metrics,
    Score,
    Scored,
    WorstSubject,
)
from mer.types.recordings import KINDS, Interval, Kind, Recording, Recordings
from mer.types.results import (
    REGION_QUANTITIES,
    TRIAL_AFTER,
    TRIAL_BEFORE,
    FeatureTable,
    FoldResult,
    LosoResult,
    Parameters,
    Predictions,
    Setting,
)
from mer.types.samples import Clip, Exclusion, Manifest, Sample
from mer.types.stages import (
    Aligner,
    Dataset,
    Descriptor,
    FlowBackbone,
    FrameSampler,
    LandmarkFinder,
    MotionRemoval,
    RegionScheme,
    SequenceBackbone,
)

__all__ = [
    "KINDS",
    "REGION_QUANTITIES",
    "TRIAL_AFTER",
    "TRIAL_BEFORE",
    "AlignedPair",
    "Aligner",
    "Calibration",
    "Card",
    "Chance",
    "ClassScores",
    "Clip",
    "Dataset",
    "Descriptor",
    "Exclusion",
    "FeatureTable",
    "Float32",
    "FlowBackbone",
    "FlowField",
    "FoldResult",
    "FramePair",
    "FrameSampler",
    "Image",
    "Interval",
    "IntervalMethod",
    "Kind",
    "LandmarkFinder",
    "Landmarks",
    "Limits",
    "LosoResult",
    "Majority",
    "Manifest",
    "Metrics",
    "MotionRemoval",
    "Numbers",
    "Parameters",
    "Predictions",
    "Recording",
    "Recordings",
    "RegionScheme",
    "Regions",
    "Sample",
    "Score",
    "Scored",
    "SequenceBackbone",
    "Setting",
    "WorstSubject",
    "frozen_array",
]
