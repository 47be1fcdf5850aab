"""Stages 1–7 in order, from the clips of a data set to the table of features."""

from mer.pipeline.clip import ClipFlow, ClipView, Stages, Timer
from mer.pipeline.features import Features, outline
from mer.pipeline.manifest import without_classes
from mer.pipeline.pipeline import Pipeline

__all__ = ["ClipFlow", "ClipView", "Features", "Pipeline", "Stages", "Timer", "outline", "without_classes"]
