"""Sparse codes of a clip's frames over a dictionary that is learnt from the frames of the training clips."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mer.errors import DataError
from mer.types import Numbers
from mer.validation import require_choice, require_integer, require_number

__all__ = ["POOLINGS", "FittedCodes", "SparseCodes"]

Float = NDArray[np.float64]
POOLINGS = ("mean", "max")
_FRAME = re.compile(r"frame\d+:")  # opens the names of the columns of one frame


@dataclass(frozen=True, kw_only=True)
class SparseCodes:
    """How much of which atom of a dictionary the frames of a clip are made of, in the place of their mean.

    The dictionary D is learnt from the frames x of the training clips, and of their mirror images where these train,
    scaled to a mean squared length of 1: the D and codes s that minimise the sum over all frames of ½‖x − Ds‖² + λ‖s‖₁.
    The codes of a clip with frames 1 ... T then minimise

        Σ_t (½‖x_t − Ds_t‖² + λ‖s_t‖₁) + γ/2 Σ_t ‖s_t+1 − s_t‖²,

    and are pooled over its frames, positive and negative parts apart, since the opposite of a motion is another motion.

    Attributes
    ----------
    atoms : int
        Columns of D, ≥ 1; no more than there are different frames in the training set.
    penalty : float
        λ, > 0; a frame that is no longer than λ, in units of the mean, is left without any atom.
    smoothness : float
        γ ≥ 0: how similar the codes of neighbouring frames are; 0 codes every frame alone.
    pooling : {"mean", "max"}
        Of each atom's positive and negative parts over the frames of a clip.
    epochs : int
        Passes over the frames while the dictionary is learnt, ≥ 1.
    batch : int
        Frames after which the dictionary is moved, ≥ 1.
    tolerance : float
        Where the coder stops: duality gap over the squared length of a clip's frames, > 0.
    iterations : int
        Passes over the codes after which it stops at the latest, ≥ 1.
    seed : int
        Of the order of the frames while the dictionary is learnt.

    Notes
    -----
    Our reading of Sparse MDMO, of which only the abstract was open to us. As there: a sparse code of each frame over a
    learnt dictionary in the place of the mean over frames, and a graph that ties codes of neighbours. Departures:

    - There the graph joins neighbours in the space of features, under a metric "based on the sparsity of sample points"
      whose formula the abstract does not give. Here it joins neighbours in time within a clip. These are neighbours in
      any space in which motion is continuous, and the code of a clip depends on no other clip: with a graph over all
      clips, those of test subjects would have a part in each other's codes and in those of the training set.
    - The graph has no part in the learning of the dictionary, which is scikit-learn's (Mairal et al.).
    - How codes are pooled, and the number of atoms, are our choices.

    Frames that are the same count once, and the order of the clips carries no meaning: neither clips that train more
    than once nor still frames pull the dictionary.

    References
    ----------
    Liu, Li, Lai: Sparse MDMO: learning a discriminative feature for micro-expression recognition. IEEE Trans. Affective
    Computing 12(1), 2021. doi:10.1109/TAFFC.2018.2854166

    Zheng et al.: Graph regularized sparse coding for image representation. IEEE Trans. Image Processing 20(5), 2011.
    doi:10.1109/TIP.2010.2090535

    Mairal, Bach, Ponce, Sapiro: Online dictionary learning for sparse coding. ICML 2009. doi:10.1145/1553374.1553463
    """

    atoms: int
    penalty: float
    smoothness: float
    pooling: str
    epochs: int
    batch: int
    tolerance: float
    iterations: int
    seed: int

    def __post_init__(self) -> None:
        for name in ("atoms", "epochs", "batch", "iterations"):
            require_integer(f"codes.{name}", getattr(self, name), low=1)
        for name in ("penalty", "tolerance"):
            require_number(f"codes.{name}", getattr(self, name), low=0, above=True)
        require_number("codes.smoothness", self.smoothness, low=0)
        require_choice("codes.pooling", self.pooling, POOLINGS)
        require_integer("codes.seed", self.seed, low=0)

    def __call__(self, X: Numbers, columns: Sequence[str]) -> FittedCodes:
        """Learn the dictionary.

        Parameters
        ----------
        X : ndarray, shape (n, T · D)
            Rows of the training clips.
        columns : sequence of str
            Names of the row's entries: ``frame1:...`` to ``frameT:...``, each D.

        Raises
        ------
        DataError
            If the rows are not of frames, or there are fewer different frames than atoms.
        """
        count = _frames_in(columns)
        frames = np.unique(_frames(X, count).reshape(-1, X.shape[1] // count), axis=0)
        if len(frames) < self.atoms:
            raise DataError(
                f"codes.atoms={self.atoms}: the {len(X)} training rows hold {len(frames)} different frames, and a "
                f"dictionary has no more atoms than that; set codes.atoms={len(frames)} or lower"
            )
        scale = float(np.sqrt((frames**2).sum(axis=1).mean())) or 1.0
        return FittedCodes(settings=self, frames=count, scale=scale, dictionary=self._learnt(frames / scale))

    def _learnt(self, frames: Float) -> Float:
        from sklearn.decomposition import MiniBatchDictionaryLearning
        from sklearn.exceptions import ConvergenceWarning

        learner = MiniBatchDictionaryLearning(
            n_components=self.atoms,
            alpha=self.penalty,
            max_iter=self.epochs,
            batch_size=self.batch,
            fit_algorithm="cd",
            tol=0.0,  # all epochs, on any data
            max_no_improvement=None,  # type: ignore[arg-type]  # the stubs know of no None
            random_state=self.seed,
        )
        with warnings.catch_warnings():
            # the codes of a step only show where to move the dictionary: they need not be exact
            warnings.simplefilter("ignore", ConvergenceWarning)
            return np.asarray(learner.fit(frames).components_)


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedCodes:
    """A dictionary, and how rows are coded over it.

    Attributes
    ----------
    settings : SparseCodes
    frames : int
        T, frames of a row.
    scale : float
        Root of the mean squared length of the training frames; what frames are divided by.
    dictionary : ndarray, shape (atoms, D)
        Each of length 1 at most.
    """

    settings: SparseCodes
    frames: int
    scale: float
    dictionary: Float

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the pooled codes: ``atom1:plus``, ``atom1:minus`` and so on."""
        return tuple(f"atom{k + 1}:{part}" for k in range(len(self.dictionary)) for part in ("plus", "minus"))

    def codes(self, X: Numbers) -> Float:
        """Return the code of every frame, shape (n, T, atoms), of rows of shape (n, T · D)."""
        from sklearn.linear_model import Lasso

        design = self._design()
        wanted = np.zeros((len(design), len(X)))
        wanted[: X.shape[1]] = np.asarray(X, dtype=np.float64).T / self.scale
        coder = Lasso(
            alpha=self.settings.penalty / len(design),
            fit_intercept=False,
            precompute=True,
            tol=self.settings.tolerance,
            max_iter=self.settings.iterations,
        )
        return np.asarray(coder.fit(design, wanted).coef_).reshape(len(X), self.frames, -1)

    def __call__(self, X: Numbers) -> Float:
        """Return one row per clip, shape (n, 2 · atoms): the pooled positive and negative parts of each atom."""
        codes = self.codes(X)
        parts = np.stack([np.maximum(codes, 0), np.maximum(-codes, 0)], axis=-1)
        pooled = parts.mean(axis=1) if self.settings.pooling == "mean" else parts.max(axis=1)
        return pooled.reshape(len(X), -1)

    def _design(self) -> Float:
        """Return the matrix that makes one lasso of a clip's codes: what frames say, then what neighbours say."""
        of_frames = np.asarray(np.kron(np.eye(self.frames), self.dictionary.T), dtype=np.float64)
        if self.settings.smoothness == 0:
            return of_frames
        steps = np.diff(np.eye(self.frames), axis=0)
        between = np.kron(steps, np.sqrt(self.settings.smoothness) * np.eye(len(self.dictionary)))
        return np.concatenate([of_frames, between])


def _frames_in(columns: Sequence[str]) -> int:
    opened = [found.group() if (found := _FRAME.match(name)) else "" for name in columns]
    names = set(opened)
    if not columns or "" in names or len(columns) % len(names):
        raise DataError(
            f"codes=sparse learns from the frames of a clip, and a column is called "
            f"{columns[0] if columns else '(none)'}; take descriptor=sparse_mdmo, or codes=none"
        )
    return len(names)


def _frames(X: Numbers, count: int) -> Float:
    return np.asarray(X, dtype=np.float64).reshape(len(X), count, -1)
