"""Settings that change nothing are refused, and the others do change the feature row or the fit."""

from __future__ import annotations

import re
import warnings
from functools import cache
from typing import Any, cast

import numpy as np
import pytest
from omegaconf import DictConfig, OmegaConf

from mer.config.catalogue import conf_dir, options
from mer.config.composition import build, compose
from mer.config.words import parse
from mer.errors import ConfigError, MerError
from mer.sweep.cells import expand, probes
from mer.sweep.engine import run_sweep
from mer.sweep.idle import refuse_idle
from mer.sweep.task import find_task, split_task
from mer.types import FlowField, Landmarks
from tests.roi.test_roi import template

RNG = np.random.default_rng(0)
FACE = Landmarks(xy=(template(128) + RNG.normal(0, 0.7, (68, 2))).astype(np.float32))
UV = np.cumsum(RNG.normal(0, 0.02, (4, 128, 128, 2)), axis=1).astype(np.float32)
RNG_FIELDS = np.cumsum(RNG.normal(0, 0.02, (30, 128, 128)), axis=1).astype(np.float32)
CLIPS, COLUMNS = 45, tuple(f"region{r}_left:{b}" for r in range(4) for b in range(6))
Y = np.arange(CLIPS) % 7 % 3
X = np.abs(RNG.normal(1, 0.6, (CLIPS, 24)) + 0.5 * np.eye(3)[Y][:, RNG.integers(0, 3, 24)])
FRAMES = tuple(np.roll(RNG.normal(128, 25, (96, 96)).clip(0, 255), step, axis=1).astype(np.uint8) for step in (0, 1))
# Not a matter of the result, or not of one component: where it is computed, where it starts, what a search may try.
BESIDE = ("_target_", "device", "space", "seed", "random_state", "solver")
ALTERNATIVES: dict[str, Any] = {
    "fine_bins": 100, "phase": 0.5, "symmetric": True, "side": 0.9, "tolerance": 0.5, "iterations": 1, "max_iter": 1,
    "merge": 0.05, "power": 0.5, "keep": 0.5, "shrinkage": 0.9, "eye_mask": 0.12, "extent": ("image", "face"),
    "detail": (15, 26), "quantities": ["u", "v"], "channels": ["u", "strain"], "norm": ("none", "l1", "l2"),
    "gate": ("none", "absolute", "top"), "edges": ("hard", "bilinear", "gaussian"),
    "pooling": ("mean", "max", "sparse"), "weight": ("magnitude", "log1p", "count", "strain"),
    "region_weight": ("none", "area", "strain", "mean_strain"), "gate_share": 0.3,
    "region_norm": ("none", "l1", "l2", "sqrt"),
    "vector_norm": ("none", "l1", "l2", "sqrt"), "region_gate": 0.8, "weights": ("uniform", "distance"),
    "max_features": 0.9, "min_samples_leaf": 6, "points": [30], "keep_by": "region",
    "scaling": ("standard", "within", "none"), "segments": 2, "sigma": 1.1, "beta": 0.3, "atoms": 5, "epochs": 9,
    "class_weight": ("none", "sqrt", "balanced"), "angle": ("radians", "cos_sin"),
    "binning": ("hard", "linear", "gaussian"), "kernel": ("linear", "rbf", "chi2", "intersection", "hellinger"),
    "blocks": ("none", "region"), "threshold": 1.3, "loss": ("huber", "tukey"), "support": ("field", "landmarks"),
    "patch": 0.2, "n_neighbors": 9, "sparsity": 0.4, "C": 0.003, "contrast": ("none", "local"),
    "preset": ("ultrafast", "fast", "medium"), "finest_scale": 0, "search_iterations": 3, "alpha": 5.0, "delta": 20.0,
    "gamma": 2.0, "levels": 1, "scales": 1, "median": (1, 3, 5), "epsilon": 0.3, "poly_n": 7,
    "refinement_iterations": 0, "patch_stride": 2, "warps": 1,
}  # fmt: skip


@cache
def chosen(group: str, option: str) -> DictConfig:
    """Return an option; composed only where it rests on others."""
    text = (conf_dir() / group / f"{option}.yaml").read_text(encoding="utf-8")
    if re.search(r"^defaults:", text, re.MULTILINE):
        return compose([f"{group}={option}"])[group]
    node: Any = OmegaConf.create({"seed": 0, group: OmegaConf.create(text)})[group]
    own = {"C": 0.3} if group == "svm" else {}  # a cost that the margins of a few clips reach
    return cast("DictConfig", OmegaConf.merge(node, own))


def result(group: str, node: DictConfig) -> np.ndarray:
    """Return what a component makes of the same input: its regions, motion, feature row or decision values."""
    component = build(node)
    if group == "roi":
        landmarks = None if "eye_distance" in node else FACE
        regions = component(landmarks, (128, 128))
        return np.asarray(regions.weights if regions.labels is None else regions.labels)
    if group == "motion":
        return np.asarray(component(FlowField(uv=UV[0]), FACE).uv)
    if group == "descriptor":
        return np.asarray(component.sequence(UV, build(chosen("roi", "brow_mouth3"))(FACE, (128, 128))))
    if group == "flow":
        return np.asarray(component(*FRAMES).uv)
    if group == "codes":
        frames = tuple(f"frame{t}:{name}" for t in range(3) for name in COLUMNS[:8])
        return np.asarray(component(X, frames)(X))
    return np.asarray(component(X, Y, 3, COLUMNS).scores(X))


def settings(node: DictConfig, prefix: str = "") -> list[str]:
    """Return the dotted names of all settings that may change a result."""
    found = []
    for name in (str(name) for name in node):
        if name not in BESIDE:
            inner = node[name]
            found += settings(inner, f"{prefix}{name}.") if isinstance(inner, DictConfig) else [f"{prefix}{name}"]
    return found


def others(node: DictConfig, setting: str) -> list[Any]:
    """Return other values of a setting."""
    value, name = OmegaConf.select(node, setting), setting.rpartition(".")[2]
    listed = ALTERNATIVES.get(name)
    if isinstance(listed, tuple):
        return [other for other in listed if other != value]
    if listed is not None and listed != value:
        return [listed]
    return [not value] if isinstance(value, bool) else [value * 2 if isinstance(value, int) else value * 0.6]


NETWORKS = ("htnet_small", "off_apexnet", "ststnet")  # see pictures of flow, not the rows of this test
CASES = [
    (group, option)
    for group in ("roi", "motion", "descriptor", "svm", "classifier", "codes")
    for option in options(group)
    if option not in ("none", *NETWORKS)
] + [("flow", name) for name in ("deepflow", "dis", "farneback", "pcaflow")]


@pytest.mark.parametrize(("group", "option"), CASES)
def test_each_setting_changes_the_row_or_the_fit_unless_it_is_refused_as_idle(group, option):
    node = chosen(group, option)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of optimisers that are stopped early
        before = result(group, node)
        for setting in settings(node):
            cfg = OmegaConf.create({"svm": {"scaling": "none"}} | {group: node})
            idle = False
            try:
                refuse_idle([f"{group}.{setting}=0"], cfg)
            except ConfigError:
                idle = True
            changed = [_changed(group, node, setting, value, before) for value in others(node, setting)]
            assert any(changed) != idle, f"{group}={option} {group}.{setting}: idle {idle}, changes {changed}"


def _changed(group: str, node: DictConfig, setting: str, value: Any, before: np.ndarray) -> bool:
    other: Any = OmegaConf.create(OmegaConf.to_container(node, resolve=True))
    OmegaConf.update(other, setting, value)
    try:
        after = result(group, other)
    except MerError:  # this value does not fit the others
        return False
    return after.shape != before.shape or not np.allclose(after, before, rtol=1e-7, atol=1e-9)


def test_the_weight_of_mdmo_counts_by_default_and_is_lost_where_columns_are_scaled():
    regions = build(chosen("roi", "facs15"))
    rows = {}
    for beta in (0.2, 0.8):
        mdmo = build(OmegaConf.merge(chosen("descriptor", "mdmo"), {"beta": beta}))
        fields = RNG_FIELDS[:, :, :, None] * np.array([1.0, 0.3], dtype=np.float32)
        rows[beta] = mdmo.batch(fields, [regions(FACE, (128, 128))])
    labels = np.arange(len(RNG_FIELDS)) % 3

    def scores(option: str, beta: float) -> np.ndarray:
        return np.asarray(build(chosen("svm", option))(rows[beta], labels, 3).scores(rows[beta]))

    np.testing.assert_allclose(scores("rbf", 0.2), scores("rbf", 0.8), atol=1e-6)
    own = str(compose(["descriptor=mdmo"], with_hydra=True).hydra.runtime.choices.svm)
    assert np.abs(scores(own, 0.2) - scores(own, 0.8)).max() > 0.01


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["descriptor.sigma=1"],
            r"descriptor\.sigma=1: changes nothing with descriptor\.binning=linear; set it to gaussian",
        ),
        (
            ["svm=rbf", "descriptor=mdmo", "descriptor.beta=0.5"],
            r"beta=0\.5: .* with svm\.scaling=standard; set .*none",
        ),
        (["descriptor=mdmo", "classifier=forest", "descriptor.beta=0.5"], "in trees"),
        (["descriptor=temporal", "svm.keep_by=region"], r"svm\.keep=1\.0; give that another value"),
        (["svm.C=5"], r"because tuning searches C; use tuning=none or set tuning\.space\.C"),
        (["classifier=lda", "classifier.estimator.shrinkage=0.5"], r"tuning searches shrinkage; .*classifier\.space"),
        (["classifier=lda", "svm=linear"], "the classifier takes the place of the svm"),
        (["classifier=lda", "tuning.space.C.points=3"], "the classifier has its own space"),
        (["svm=linear", "tuning.space.gamma.points=3"], r"with svm\.kernel=linear"),
        (["tuning.margin=0.1"], r"with tuning\.prune=none; set it to race"),
        (["roi=patches4", "roi.eye_height=0.3"], "the landmarks give"),
        (["dataset=flow_images", "flow=dis"], "ready-made flow"),
        (["flow=dis", "flow.contrast=none", "flow.contrast_sigma=4"], r"flow\.contrast=none"),
    ],
)
def test_idle_settings_are_refused_with_the_next_step(words, message):
    with pytest.raises(ConfigError, match=message):
        refuse_idle(words, compose(words))


@pytest.mark.parametrize("study", options("experiment"))
def test_no_study_that_comes_with_mer_names_an_idle_setting(study):
    task, words = split_task([f"+experiment={study}"])
    root = find_task(task).root
    shared, cells = expand(words, root)
    varied = {parse(word).get_key_element() for cell in cells for word in cell}
    for cell in (cell for cell in probes(cells) if any("." in word.partition("=")[0] for word in cell)):
        refuse_idle(cell, compose([*shared, *cell], root=root), varied)


@pytest.mark.parametrize(
    "words",
    [
        ["descriptor=mdmo", "descriptor.beta=0.5"],
        ["descriptor=mdmo", "svm=rbf", "descriptor.beta=1"],
        ["descriptor=sparse_mdmo", "descriptor.descriptor.beta=0.5"],
        ["tuning=none", "svm.C=5"],
        ["tuning=tpe", "svm.C=5", "tuning.margin=0.1"],
        ["classifier=none", "codes=none", "roi=patches4", "roi.side=1"],
        ["dataset=flow_images", "flow=precomputed", "roi=patches4", "roi.eye_height=0.3"],
    ],
)
def test_settings_that_count_pass(words):
    refuse_idle(words, compose(words))


def test_a_sweep_refuses_what_is_idle_in_all_of_its_cells_alone(tmp_path):
    own = [f"home={tmp_path}", "sweep.plan=true", "tracking=off"]
    with pytest.raises(ConfigError, match=r"descriptor\.sigma=0\.4: changes nothing"):
        run_sweep([*own, "descriptor.sigma=0.4,0.8"])
    with pytest.raises(ConfigError, match=r"svm\.C=1: changes nothing"):
        run_sweep([*own, "svm.C=1,10"])
    assert run_sweep([*own, "descriptor.sigma=0.4,0.8", "descriptor.binning=linear,gaussian"]) == 0
