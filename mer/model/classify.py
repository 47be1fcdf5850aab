"""What a model says of one motion: probabilities, what each region adds, and how far it can be trusted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mer.descriptor.statistics import RegionStatistics
from mer.model.explain import shapley
from mer.model.fitted import FittedModel
from mer.model.result import Contribution, Flag, Prediction
from mer.model.trust import Trust
from mer.pipeline.clip import Moving
from mer.roi.names import partners
from mer.svm.selection import region_of
from mer.types import FlowField

__all__ = ["classified"]

Float = NDArray[np.float64]
_LENGTH = RegionStatistics(quantities=("magnitude",), norm="none")
_ORDERS = 8  # of regions, for the contributions


def classified(about: Prediction, model: FittedModel, trust: Trust, moving: Moving) -> Prediction:
    """Return a prediction with probabilities, contributions and the flags that a model raises.

    Parameters
    ----------
    about : Prediction
        When and what moved.
    model : FittedModel
    trust : Trust
    moving : Moving
        The motion from onset to apex, of the stages of the model.
    """
    rest = replace(moving, fields=tuple(FlowField(uv=np.zeros_like(field.uv)) for field in moving.fields))
    row, still = _rows(model, moving), _rows(model, rest)
    likelihood = model.calibration(model.scores(row[None]))[0]
    best = int(likelihood.argmax())
    length = _LENGTH(moving.apex, moving.regions).mean(keepdims=True)
    distance = float(model.neighbourhood(row[:1], length)[0])
    flags = [*about.flags, *trust.of_distance(distance, model.far), *_of_model(model)]
    return replace(
        about,
        probabilities={name: float(p) for name, p in zip(model.classes, likelihood, strict=True)},
        contributions=_contributions(model, best, row, still),
        flags=tuple(flags),
    )


def _rows(model: FittedModel, moving: Moving) -> Float:
    """Return the feature row of a clip, and that of its mirror image where the model takes both, (images, D)."""
    images = [moving, model.stages.mirrored(moving)] if model.average else [moving]
    return np.stack([model.stages.described(image) for image in images]).astype(np.float64)


def _contributions(model: FittedModel, best: int, row: Float, still: Float) -> tuple[Contribution, ...]:
    """Return what each region adds to the score of the likeliest class; a mirrored region counts for its original."""
    images = len(row)
    region = region_of(model.columns)
    names = list(dict.fromkeys(name.rpartition(":")[0] or name for name in model.columns))
    index = np.concatenate([region, np.asarray(partners(names))[region]]) if images == 2 else region

    def score(rows: Float) -> Float:
        return np.asarray(model.scores(rows.reshape(len(rows), images, -1))[:, best])

    changes = shapley(score, row.ravel(), still.ravel(), index, _ORDERS)
    found = [Contribution(region=name, change=float(change)) for name, change in zip(names, changes, strict=True)]
    return tuple(sorted(found, key=lambda one: -abs(one.change)))


def _of_model(model: FittedModel) -> Iterator[Flag]:
    if model.demonstration:
        yield Flag(name="demonstration", sentence="trained on generated faces")
    if model.changed:
        yield Flag(
            name="other_version",
            sentence=f"fitted by mer {model.card['versions']['mer']} with another version of "
            f"{', '.join(model.changed)}, which may compute otherwise; fit the model again",
        )
