"""Refuse settings that change nothing in a run because another setting rules them out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from omegaconf import DictConfig, OmegaConf

from mer.config.words import parse
from mer.errors import ConfigError

__all__ = ["refuse_idle"]

# Setting of a component → the other setting that decides, and the values with which the first one counts.
_ONLY_WITH: dict[str, tuple[str, tuple[object, ...]]] = {
    "Hoof.sigma": ("binning", ("gaussian",)),
    "Hoof.fine_bins": ("binning", ("gaussian",)),
    "Hoof.gate_px": ("gate", ("absolute",)),
    "Hoof.gate_share": ("gate", ("top",)),
    "Temporal.sparsity": ("pooling", ("sparse",)),
    "Grid.sigma": ("edges", ("gaussian",)),
    "Grid.brow_lift": ("extent", ("face",)),
    "Whole.brow_lift": ("extent", ("face",)),
    "Whole.eye_mask": ("extent", ("face",)),
    "SimilarityDrift.grid": ("support", ("field",)),
    "SimilarityDrift.points": ("support", ("landmarks",)),
    "SimilarityDrift.patch": ("support", ("landmarks",)),
    "Svm.gamma": ("kernel", ("rbf", "chi2")),
    "Svm.scaling": ("kernel", ("linear", "rbf")),
    "Svm.shrinkage": ("scaling", ("within",)),
    "NestedTuning.inner_folds": ("inner", ("groups",)),
    "NestedTuning.margin": ("prune", ("race",)),
    "GlobalTuning.margin": ("prune", ("race",)),
    "FlowImages.ratio_range": ("ratio", ("strain",)),
    "FlowImages.ratio_steps": ("ratio", ("strain",)),
    "Video.onset": ("intervals", (None,)),
    "Video.apex": ("intervals", (None,)),
    "Video.offset": ("intervals", (None,)),
}
# ... and the one value with which it does not count.
_NOT_WITH: dict[str, tuple[str, object]] = {
    "Svm.keep_by": ("keep", 1),
    "NestedTuning.within": ("members", 1),
    "GlobalTuning.within": ("members", 1),
    "Synthetic.blink": ("blinks", 0),
    **{
        f"{backbone}.contrast_{name}": ("contrast", "none")
        for backbone in ("DeepFlow", "Dis", "Farneback", "PcaFlow", "TvL1")
        for name in ("sigma", "floor", "gain")
    },
}


class _Idle(NamedTuple):
    """Why a setting changes nothing, what to do, and the settings on which that depends."""

    why: str
    step: str
    depends: tuple[str, ...]


def refuse_idle(words: Sequence[str], cfg: DictConfig, varied: Collection[str] = ()) -> None:
    """Refuse words that name a setting without effect.

    Parameters
    ----------
    words : sequence of str
        Overrides of a run, or of one cell of a sweep.
    cfg : DictConfig
        What they compose to.
    varied : collection of str
        Settings that the cells of a sweep vary: where one of them decides, another cell may use what this one does not.

    Raises
    ------
    ConfigError
        For the first such word.
    """
    for word in words:
        key = parse(word).get_key_element().lstrip("+~")
        found = next(filter(None, (rule(key, cfg) for rule in _RULES)), None)
        if found and not any(_within(a, b) or _within(b, a) for a in varied for b in found.depends):
            raise ConfigError(f"{word}: changes nothing {found.why}; {found.step}, or leave out {word}")


def _within(setting: str, whole: str) -> bool:
    return f"{setting}.".startswith(f"{whole}.")


def _one_of_component(key: str, cfg: DictConfig) -> _Idle | None:
    parent, _, name = key.rpartition(".")
    kind = f"{_class(cfg, parent)}.{name}"
    if kind in _ONLY_WITH:
        other, counted = _ONLY_WITH[kind]
        value, step = _get(cfg, f"{parent}.{other}"), " or ".join(_text(v) for v in counted)
        return None if value in counted else _because(f"{parent}.{other}", value, f"set it to {step}")
    if kind in _NOT_WITH:
        other, idle = _NOT_WITH[kind]
        value = _get(cfg, f"{parent}.{other}")
        return _because(f"{parent}.{other}", value, "give that another value") if value == idle else None
    return None


def _because(other: str, value: object, step: str) -> _Idle:
    return _Idle(f"with {other}={_text(value)}", step, (other,))


def _svm_beside_classifier(key: str, cfg: DictConfig) -> _Idle | None:
    if not _within(key, "svm") or not _class(cfg, "classifier"):
        return None
    return _Idle("because the classifier takes the place of the svm", "set classifier=none", ("classifier",))


def _before_ready_flow(key: str, cfg: DictConfig) -> _Idle | None:
    stage = key.partition(".")[0]
    if _class(cfg, "dataset") != "FlowImages" or stage not in ("frames", "landmarks", "align", "flow"):
        return None
    why = "because the data set holds ready-made flow"
    return _Idle(why, "choose another data set", ("dataset",)) if _class(cfg, stage) else None


def _searched(key: str, cfg: DictConfig) -> _Idle | None:
    """Find what a grid replaces; random searches start with the settings of the classifier."""
    parent, _, name = key.rpartition(".")
    own = _class(cfg, "classifier")
    if parent != ("classifier.estimator" if own else "svm") or _get(cfg, "tuning.sampler") != "grid":
        return None
    space = "classifier.space" if own else "tuning.space"
    if OmegaConf.select(cfg, f"{space}.{name}") is None:
        return None
    return _Idle(f"because tuning searches {name}", f"use tuning=none or set {space}.{name}", ("tuning", space))


def _space_of_idle(key: str, cfg: DictConfig) -> _Idle | None:
    """Find a part of the space that the classifier does not use."""
    if not _within(key, "tuning.space"):
        return None
    if _class(cfg, "classifier"):
        return _Idle("because the classifier has its own space", "set classifier.space", ("classifier",))
    name = key.split(".")[2] if key.count(".") > 1 else ""
    return _one_of_component(f"svm.{name}", cfg)


def _patches_on_landmarks(key: str, cfg: DictConfig) -> _Idle | None:
    if _class(cfg, "roi") != "Patches4" or key in ("roi", "roi.side") or not key.startswith("roi."):
        return None
    if not _class(cfg, "landmarks"):
        return None
    return _Idle("because the landmarks give the squares' places", "set roi.side", ("landmarks", "dataset"))


def _of_trees(key: str, cfg: DictConfig) -> _Idle | None:
    if key != "classifier.scaling" or _class(cfg, "classifier.estimator") != "RandomForestClassifier":
        return None
    return _Idle("in trees, which only order the values of a feature", "choose another classifier", ("classifier",))


def _weight_before_scaling(key: str, cfg: DictConfig) -> _Idle | None:
    """Find a weight of columns that is lost where each column is scaled, or only ordered by trees."""
    parent, _, name = key.rpartition(".")
    inner = _class(cfg, "descriptor") in ("Temporal", "PerFrame") and parent == "descriptor.descriptor"
    if not (inner or parent == "descriptor") or (_class(cfg, parent), name) != ("Mdmo", "beta"):
        return None
    if _get(cfg, key) in (0, 1):  # without the directions, or the magnitudes
        return None
    if _class(cfg, "codes") or _get(cfg, "descriptor.pooling") == "sparse":
        return None
    stage = "classifier" if _class(cfg, "classifier") else "svm"
    if trees := _of_trees(f"{stage}.scaling", cfg):
        return trees
    scaling = _get(cfg, f"{stage}.scaling")
    if scaling == "none" or (stage == "svm" and _get(cfg, "svm.merge") != 1):
        return None
    depends = ("codes", "classifier", f"{stage}.scaling", "svm.merge", "descriptor.pooling")
    return _Idle(f"with {stage}.scaling={scaling}", f"set {stage}.scaling=none", depends)


_RULES: tuple[Callable[[str, DictConfig], _Idle | None], ...] = (
    _svm_beside_classifier,
    _before_ready_flow,
    _one_of_component,
    _searched,
    _space_of_idle,
    _patches_on_landmarks,
    _of_trees,
    _weight_before_scaling,
)


def _get(cfg: DictConfig, key: str) -> object:
    return OmegaConf.select(cfg, key, default=None)


def _class(cfg: DictConfig, key: str) -> str:
    """Return the name of the class of a component, empty where there is none."""
    node = _get(cfg, key) if key else None
    return str(node.get("_target_", "")).rpartition(".")[2] if isinstance(node, DictConfig) else ""


def _text(value: object) -> str:
    return "null" if value is None else str(value)
