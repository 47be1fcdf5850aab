"""A network of the field as a classifier of stage 8a."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mer.errors import ConfigError, DataError
from mer.svm import InnerFolds, Space, Split, TrainingSet
from mer.types import Numbers, Parameters
from mer.validation import require_choice, require_integer, require_number

if TYPE_CHECKING:
    from torch import nn

    from mer.networks.fit import Recipe, Scale

__all__ = ["FittedNetwork", "InnerNetwork", "Network"]

Float = NDArray[np.float64]
_ARCHITECTURES = ("ststnet", "off_apexnet", "htnet_small")
_SMALLEST = 8  # px: two rounds of pooling leave two


@dataclass(frozen=True, kw_only=True)
class Network:
    """A small network on the flow as a picture, fitted on the training rows alone.

    Attributes
    ----------
    architecture : {"ststnet", "off_apexnet", "htnet_small"}
        See `mer.networks.architectures` and the cards beside it.
    epochs : int
        ≥ 1; fixed beforehand, or chosen on inner folds by ``tuning=nested``.
    batch : int
        Clips of a step, ≥ 1.
    rate, decay : float
        Step size and weight decay of AdamW, > 0 and ≥ 0.
    weights : {"none", "balanced"}
        Whether the clips of rarer classes count more.
    seed : int
        Of first weights, order and dropout. One seed is one draw: report several.
    space : mapping
        What ``tuning=`` searches: the epochs.
    keep : bool
        Keep the network of every epoch, for ``tuning=best_test_epoch``.
    """

    architecture: str
    epochs: int
    batch: int
    rate: float
    decay: float
    weights: str
    seed: int
    space: Space
    keep: bool = False

    def __post_init__(self) -> None:
        require_choice("classifier.architecture", self.architecture, _ARCHITECTURES)
        require_choice("classifier.weights", self.weights, ("none", "balanced"))
        for name in ("epochs", "batch"):
            require_integer(f"classifier.{name}", getattr(self, name), low=1)
        require_integer("classifier.seed", self.seed, low=0)
        require_number("classifier.rate", self.rate, low=0, above=True)
        require_number("classifier.decay", self.decay, low=0)
        for name in self.space:
            self.has_param(name)

    def has_param(self, name: str) -> bool:
        """Return True for ``epochs``, the setting that can be searched.

        Raises
        ------
        ConfigError
            For any other.
        """
        if name != "epochs":
            raise ConfigError(f"classifier.space.{name}: of a network, only epochs can be searched")
        return True

    def with_params(self, parameters: Parameters) -> Network:
        """Return a copy with other settings."""
        epochs = parameters.get("epochs", self.epochs)
        return dataclasses.replace(self, epochs=int(epochs) if isinstance(epochs, int | float) else self.epochs)

    @property
    def parameters(self) -> Parameters:
        """What a search may choose, for folds.csv."""
        return {"epochs": self.epochs}

    def keeping_epochs(self) -> Network:
        """Return a copy that keeps the network of every epoch."""
        return dataclasses.replace(self, keep=True)

    def inner(self, side: TrainingSet, splits: Sequence[Split]) -> InnerNetwork:
        """Return what scores numbers of epochs on inner folds."""
        return InnerNetwork(side, splits)

    def __call__(self, X: Numbers, y: NDArray[np.int64], classes: int, columns: Sequence[str] = ()) -> FittedNetwork:
        """Fit on the training rows; see `Svm.__call__`.

        Raises
        ------
        ConfigError
            If the rows are no pictures of flow.
        DataError
            If the rows are of one class.
        """
        from mer.networks.fit import Scale, epochs_of

        channels = channels_of(columns)
        known = np.unique(y)
        if len(known) < 2:
            raise DataError(f"a network needs clips of two classes or more, and the {len(y)} clips are of one")
        scale = Scale.of(X, channels)
        labels = np.searchsorted(known, y).astype(np.int64)
        states: list[nn.Module] = []
        for network in epochs_of(self.recipe, scale(X), labels, len(known), self.epochs):
            states = [*states, network] if self.keep else [network]
        return FittedNetwork(scale=scale, states=tuple(states), known=known, classes=classes)

    @property
    def recipe(self) -> Recipe:
        """What fitting depends on, but for the epochs."""
        from mer.networks.fit import Recipe

        return Recipe(
            architecture=self.architecture,
            batch=self.batch,
            rate=self.rate,
            decay=self.decay,
            balanced=self.weights == "balanced",
            seed=self.seed,
        )


def channels_of(columns: Sequence[str]) -> tuple[str, ...]:
    """Return the channels of rows that are pictures, such as u, v, strain.

    Raises
    ------
    ConfigError
        If they are none.
    """
    channels = tuple(dict.fromkeys(column.rpartition(":")[2] for column in columns))
    pixels = len(columns) / max(len(channels), 1)
    square = round(pixels**0.5) ** 2 == pixels and pixels >= _SMALLEST**2
    if channels[:2] != ("u", "v") or not square or not all(column.startswith("row") for column in columns):
        raise ConfigError(
            f"a network sees the flow as a picture of at least {_SMALLEST} × {_SMALLEST} pixels, and these rows have "
            f"{len(columns)} numbers, the first {columns[0] if columns else 'none'}; use descriptor=flow28, or rawflow "
            "with a larger size and channels [u,v,strain]"
        )
    return channels


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedNetwork:
    """A fitted network with the whole class list.

    Attributes
    ----------
    scale : Scale
    states : tuple of nn.Module
        After the last epoch, or after each where they were kept.
    known : ndarray of int
        Classes of the training rows.
    classes : int
    """

    scale: Scale
    states: tuple[nn.Module, ...]
    known: NDArray[np.int64]
    classes: int

    def scores(self, X: Numbers) -> Float:
        """Return one probability per class, shape (n, classes); NaN for a class that was not seen."""
        return self._of(self.states[-1], X)

    def each_epoch(self, X: Numbers) -> Float:
        """Return the scores after each epoch that was kept, shape (epochs, n, classes)."""
        return np.stack([self._of(state, X) for state in self.states])

    def _of(self, state: nn.Module, X: Numbers) -> Float:
        from mer.networks.fit import probabilities

        full = np.full((len(X), self.classes), np.nan)
        full[:, self.known] = probabilities(state, self.scale(X))
        return full


class InnerNetwork(InnerFolds[Network]):
    """Predictions of all inner folds; each fold is fitted once, to the most epochs, and read on the way."""

    def __init__(self, side: TrainingSet, splits: Sequence[Split]) -> None:
        super().__init__(side)
        self._splits = splits
        self._kept: dict[int, Mapping[int, Float]] = {}

    def each(self, learner: Network) -> Iterator[tuple[NDArray[np.intp], Float]]:
        """Yield the clips that a fold left out, and their scores, shape (clips, classes)."""
        for number, split in enumerate(self._splits):
            if learner.epochs not in self._kept.get(number, {}):
                self._kept[number] = self._fitted(learner, split)
            yield split.test, self._kept[number][learner.epochs]

    def _fitted(self, learner: Network, split: Split) -> Mapping[int, Float]:
        side = self.side
        asked = learner.space.get("epochs", {})
        wanted = sorted({learner.epochs, *(int(n) for n in asked.get("choices", ()) if isinstance(n, int | float))})
        train = side.training(split.train)
        labels = side.labels(train)
        if (labels == labels[0]).all():
            only = np.full((len(split.test), side.classes), np.nan)
            only[:, labels[0]] = 0
            return dict.fromkeys(wanted, only)
        keeping = dataclasses.replace(learner, epochs=wanted[-1], keep=True)
        fitted = keeping(side.rows[train], labels, side.classes, side.columns)
        scores = fitted.each_epoch(side.rows[side.scored(split.test)])
        return {epochs: side.merged(scores[epochs - 1]) for epochs in wanted}
