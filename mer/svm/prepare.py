"""What happens to the features before the machine sees them; all of it learnt from the training rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mer.errors import DataError
from mer.svm.kernels import HISTOGRAM_KERNELS, Kernel, base, unit
from mer.svm.selection import kept, merged, region_of
from mer.svm.whitening import whitened, within_classes

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

__all__ = ["Recipe", "Settings", "prepare", "signed_power"]

Float = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The settings of an `Svm` that shape its kernel, see there."""

    kernel: str
    gamma: float
    scaling: str
    shrinkage: float
    power: float
    merge: float
    blocks: str
    keep: float
    keep_by: str


@dataclass(frozen=True, kw_only=True)
class Settings(Recipe):
    """All settings of an `Svm`: the kernel's, and those of the solver that works on it."""

    C: float
    class_weight: str
    tolerance: float
    iterations: int


def prepare(
    recipe: Recipe, X: Float, y: NDArray[np.int64], columns: Sequence[str]
) -> tuple[Pipeline, Float, Kernel, list[Float]]:
    """Fit everything that precedes the machine.

    Parameters
    ----------
    recipe : Recipe
    X, y : ndarray, shape (n, D), (n,)
        The training rows.
    columns : sequence of str
        D names, or none where regions do not matter.

    Returns
    -------
    front : Pipeline
        Fitted: merged columns, powers, selected columns, scaling.
    rows : ndarray, shape (n, D')
        What it makes of `X`.
    kernel : Kernel
        With its factors.
    bases : list of ndarray, shape (n, n)
        `Kernel.bases` of `rows`, where the factors needed them; else empty.

    Raises
    ------
    DataError
        If a kernel of histograms gets negative features, or the names of the columns are missing.
    """
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    region = _regions(recipe, columns, X.shape[1])
    steps: list[tuple[str, FunctionTransformer | StandardScaler]] = []
    if recipe.merge != 1:
        sums = merged(X, region, recipe.merge)
        X, region = times(X, sums), region[sums.argmax(axis=0)]
        steps.append(("merge", FunctionTransformer(times, kw_args={"matrix": sums})))
    values = signed_power(X, recipe.power)
    chosen = kept(values, y, recipe.keep, region if recipe.keep_by == "region" else None)
    histogram = recipe.kernel in HISTOGRAM_KERNELS
    if recipe.power != 1:
        steps.append(("power", FunctionTransformer(signed_power, kw_args={"power": recipe.power})))
    if recipe.keep != 1:
        steps.append(("keep", FunctionTransformer(np.take, kw_args={"indices": chosen, "axis": 1})))
    rows = values[:, chosen] if recipe.keep != 1 else values
    if recipe.scaling != "none" and not histogram:
        scaler = StandardScaler().fit(rows)
        assert scaler.mean_ is not None
        rows = rows - scaler.mean_
        rows /= scaler.scale_
        steps.append(("scale", scaler))
    if recipe.scaling == "within" and not histogram:
        by = within_classes(rows, np.unique(y, return_inverse=True)[1], recipe.shrinkage)
        rows = whitened(rows, by)
        steps.append(("whiten", FunctionTransformer(whitened, kw_args={"by": by})))
    front = Pipeline(steps or [("as_is", FunctionTransformer())])
    if histogram and rows.min() < 0:
        raise DataError(
            f"svm.kernel={recipe.kernel} compares histograms, and a feature is {rows.min():.4g}: use kernel=rbf, or a "
            "descriptor without negative values"
        )
    kernel, bases = _kernel(recipe, rows, region[chosen])
    return front, rows, kernel, bases


def signed_power(X: Float, power: float) -> Float:
    """Return sign(x) · |x|^power."""
    return X if power == 1 else np.sign(X) * np.abs(X) ** power


def times(X: Float, matrix: Float) -> Float:
    """Return X · matrix."""
    return X @ matrix


def _regions(recipe: Recipe, columns: Sequence[str], count: int) -> NDArray[np.intp]:
    needed = recipe.merge != 1 or "region" in (recipe.blocks, recipe.keep_by if recipe.keep != 1 else "")
    if not needed:
        return np.zeros(count, dtype=np.intp)
    if len(columns) != count:
        raise DataError(f"the region of a column is read from its name: {count} names needed, {len(columns)} given")
    return region_of(columns)


def _kernel(recipe: Recipe, rows: Float, region: NDArray[np.intp]) -> tuple[Kernel, list[Float]]:
    _, block = np.unique(region, return_inverse=True)
    if recipe.blocks == "none":
        block = np.zeros_like(block)
    width = recipe.gamma if recipe.kernel in ("rbf", "chi2") else 1.0
    parts = [rows[:, block == k] for k in range(block.max() + 1)]
    bases = [base(recipe.kernel, part) for part in parts] if recipe.kernel in HISTOGRAM_KERNELS else []
    own = bases or [np.zeros((0, 0))] * len(parts)
    factors = tuple(width * unit(recipe.kernel, *pair) for pair in zip(parts, own, strict=True))
    return Kernel(kind=recipe.kernel, factors=factors, block=block), bases
