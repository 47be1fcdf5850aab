"""Every option of `conf/` can be built, every experiment composes, and a misspelling is named before any work."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from hydra import compose as host_compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.version import getbase

import mer
from mer.config.catalogue import OF_OTHERS, conf_dir, groups, options
from mer.config.composition import build, compose, searchpath_override
from mer.errors import ConfigError
from mer.spotting.assemble import spotting
from mer.spotting.fit import SubjectsOut
from mer.sweep.cells import expand, probes
from mer.sweep.checks import check_settings
from mer.sweep.task import find_task, split_task

OPTIONS = [(group, option) for group, options in groups().items() for option in options if group != "experiment"]
COMPONENTS = [
    (group, option)
    for group, option in OPTIONS
    if "_target_" in (yaml.safe_load((conf_dir() / group / f"{option}.yaml").read_text(encoding="utf-8")) or {})
]


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_every_option_composes(group: str, option: str) -> None:
    assert group in compose([f"{group}={option}"])


@pytest.mark.parametrize(("group", "option"), COMPONENTS)
def test_every_component_is_built_frozen_with_all_its_numbers_in_the_yaml(group: str, option: str) -> None:
    made = mer.component(group, option)
    assert dataclasses.is_dataclass(made)
    field = dataclasses.fields(made)[0].name if dataclasses.fields(made) else None
    if field is not None:
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(made, field, None)


@pytest.mark.parametrize("network", options("train"))
def test_every_training_is_built_from_its_yaml(network: str) -> None:
    training = build(compose([f"train={network}"], root="training").train)
    assert training.steps > 0
    assert dataclasses.is_dataclass(training)


@pytest.mark.parametrize("option", options("temporal"))
def test_every_way_through_a_clip_is_built_with_its_finder(option: str) -> None:
    made = build(compose([f"temporal={option}"], root="landmarks_of").temporal)
    assert made.mode in ("follow", "each", "carried") and made.finder.faces


def test_the_task_of_long_videos_is_built_frozen() -> None:
    task = build(compose([], root="spot_run").task)
    assert isinstance(task, SubjectsOut) and task.iou == 0.5


@pytest.mark.parametrize("option", options("spotter"))
def test_every_spotter_is_built_frozen_with_its_motion(option: str) -> None:
    cfg = compose([f"spotter={option}"], root="spot")
    assert dataclasses.is_dataclass(build(cfg.spotter)) and build(cfg.region_motion).flow.batch


@pytest.mark.parametrize("experiment", groups().get("experiment", ()))
def test_every_level_of_every_experiment_is_built(experiment: str) -> None:
    """A misspelt option, setting or value of a study fails here and not after an hour of work."""
    task, words = split_task([f"+experiment={experiment}"])
    root = find_task(task).root
    shared, cells = expand(words, root)
    for cell in probes(cells):
        cfg = compose([*shared, *cell], root=root)
        if task == "recognise":
            check_settings(cfg)
        else:
            spotting(cfg, {"task": task}, cell)


def test_the_groups_come_in_the_order_of_the_pipeline() -> None:
    pipeline = ["dataset", "frames", "landmarks", "align", "flow", "sequence", "motion", "roi", "descriptor"]
    assert list(groups())[:11] == [*pipeline, "codes", "svm"]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("flow=dsi", r"flow=dsi: no such option; choose one of .*dis, .*farneback"),
        ("drop=[,_1]", r"drop=\[,_1\]: not understood; write group.setting=value; if the value has quotes"),
        ("descriptor.bin=4", r"descriptor.bin: no such setting .*; descriptor has .*bins"),
        ("sed=4", r"sed: no such setting .*; the settings are .*seed"),
        ("flwo=dis", r"flwo: no such setting of this command; did you mean flow\?; the settings are"),
    ],
)
def test_a_misspelling_is_named_with_what_exists(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        compose([override])


def test_a_misspelt_setting_is_answered_with_those_of_the_option_that_was_chosen() -> None:
    with pytest.raises(ConfigError, match=r"dataset.tabel: no such setting .*; dataset has .*table.*first_frame"):
        compose(["dataset=csv", "dataset.tabel=clips.csv"])


@pytest.mark.parametrize("group", [group for group in OF_OTHERS if group != "task"])
def test_a_component_of_another_command_is_built_as_that_command_builds_it(group: str) -> None:
    for name in options(group):
        assert dataclasses.is_dataclass(mer.component(group, name))
    assert mer.component("spotter", "peaks", strongest=3).strongest == 3


def test_component_refuses_what_does_not_exist() -> None:
    with pytest.raises(ConfigError, match=r"flwo: no such group; choose one of dataset, frames"):
        mer.component("flwo", "dis")
    with pytest.raises(ConfigError, match=r"descriptor.bin: descriptor=hoof has no such field; it has bins"):
        mer.component("descriptor", "hoof", bin=4)


def test_component_takes_overrides() -> None:
    assert mer.component("descriptor", "hoof", bins=12).bins == 12


def test_a_users_own_folder_adds_options(tmp_path: Path) -> None:
    (tmp_path / "roi").mkdir()
    text = (conf_dir() / "roi" / "grid.yaml").read_text(encoding="utf-8")
    (tmp_path / "roi" / "mine.yaml").write_text(text, encoding="utf-8")
    assert compose([searchpath_override(tmp_path), "roi=mine"]).roi == compose(["roi=grid"]).roi
    with pytest.raises(ConfigError, match="no such folder"):
        searchpath_override(tmp_path / "absent")


@pytest.mark.parametrize("option", ["temporal", "per_frame"])
def test_the_descriptor_within_a_descriptor_over_time_is_chosen_by_its_name(option: str) -> None:
    cfg = compose([f"descriptor={option}", "descriptor@descriptor.descriptor=biwoof"])
    assert cfg.descriptor.descriptor == compose(["descriptor=biwoof"]).descriptor


def test_sparse_mdmo_brings_frames_and_codes_and_the_users_word_wins() -> None:
    cfg = compose(["descriptor=sparse_mdmo", "seed=5"])
    assert cfg.frames == compose(["frames=sequence"]).frames
    assert cfg.codes == compose(["codes=sparse", "seed=5"]).codes and cfg.codes.seed == 5
    assert cfg.descriptor.descriptor.angle == "cos_sin" and cfg.descriptor.descriptor.bins == 8
    assert compose(["descriptor=sparse_mdmo", "codes=none"]).codes == {}
    assert compose(["descriptor=sparse_mdmo", "frames=onset_apex"]).frames == compose([]).frames


def test_ready_made_flow_brings_fitting_options_and_the_users_word_wins() -> None:
    assert compose(["dataset=flow_images"]).roi == compose(["roi=grid"]).roi
    assert compose(["dataset=flow_images", "roi=whole"]).roi == compose(["roi=whole"]).roi


# A program around us


def test_the_hydra_of_a_host_is_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text("a: 1\n", encoding="utf-8")
    with initialize_config_dir(version_base="1.2", config_dir=str(tmp_path)):
        host, active, version = GlobalHydra.instance(), GlobalHydra.instance().hydra, getbase()
        mer.component("flow", "dis")
        with pytest.raises(ConfigError):
            compose(["flow=dsi"])
        assert GlobalHydra.instance() is host
        assert host.hydra is active
        assert getbase() == version
        assert host_compose("app").a == 1
    mer.component("flow", "dis")
    assert not GlobalHydra.instance().is_initialized()


def test_the_hydra_of_a_host_of_hydra_main_is_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text("a: 1\n", encoding="utf-8")
    (tmp_path / "app.py").write_text(
        "import hydra, mer\n"
        "from hydra.core.global_hydra import GlobalHydra\n"
        "from hydra.core.hydra_config import HydraConfig\n"
        "@hydra.main(version_base='1.3', config_path='.', config_name='app')\n"
        "def app(cfg):\n"
        "    before = GlobalHydra.instance(), GlobalHydra.instance().hydra, HydraConfig.get().job.name\n"
        "    mer.component('flow', 'dis')\n"
        "    assert before == (GlobalHydra.instance(), GlobalHydra.instance().hydra, HydraConfig.get().job.name)\n"
        "    print('a', hydra.compose('app', overrides=['a=2']).a)\n"
        "app()\n",
        encoding="utf-8",
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "app.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "a 2\n"), done.stderr


def test_components_are_made_from_many_threads() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda bins: mer.component("descriptor", "hoof", bins=bins), range(4, 36)))
    assert [hoof.bins for hoof in made] == list(range(4, 36))
    assert not GlobalHydra.instance().is_initialized()


def test_an_added_setting_that_another_value_refers_to_is_read(tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    text = "# @package _global_\ndescriptor: {bins: '${my_bins}'}\n"
    (tmp_path / "experiment" / "mine.yaml").write_text(text, encoding="utf-8")
    own = [searchpath_override(tmp_path), "+experiment=mine"]
    assert compose([*own, "+my_bins=5"]).descriptor.bins == 5
    with pytest.raises(ConfigError, match=r"\+my_bin=5: the setting my_bin is not used"):
        compose([*own, "+my_bin=5"])


def test_home_is_absolute_and_an_empty_variable_is_one_that_is_not_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    for variable, overrides, home in (
        ("", [], tmp_path / "mer_home"),
        ("~/kept", [], tmp_path / "user" / "kept"),
        ("here", [], tmp_path / "here"),
        ("", ["home='~/kept'"], tmp_path / "user" / "kept"),
        ("other", [f"home={tmp_path}/kept"], tmp_path / "kept"),
    ):
        monkeypatch.setenv("MER_HOME", variable)
        cfg = compose(overrides, with_hydra=True)
        assert Path(cfg.home) == Path(cfg.tracking.home) == home
        assert Path(cfg.hydra.run.dir).is_relative_to(home / "runs" / "default")


def test_an_empty_home_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MER_HOME", "/tmp/kept")
    with pytest.raises(ConfigError, match="home=: the path is empty"):
        compose(["home="])


def test_an_option_file_that_is_edited_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "descriptor" / "mine.yaml"
    file.parent.mkdir()
    for bins in (4, 12):
        file.write_text(f"defaults: [hoof]\nbins: {bins}\n", encoding="utf-8")
        os.utime(file, ns=(bins, bins))
        assert compose([searchpath_override(tmp_path), "descriptor=mine"]).descriptor.bins == bins


def test_a_composition_that_is_changed_changes_no_later_one() -> None:
    compose([]).descriptor.bins = 99
    assert compose([]).descriptor.bins != 99


@pytest.mark.parametrize("group", ["dataset", "flow", "roi", "descriptor", "svm", "evaluation"])
@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("no_such.Thing", "_target_: no_such.Thing: Python finds no module no_such; install its package, or write"),
        ("mer.flow.dis.Diss", "_target_: mer.flow.dis.Diss: the module mer.flow.dis has no Diss; correct the name"),
        ("Thing", "_target_: Thing: must be the name of a class with its module, such as my_module.MyFlow"),
    ],
)
def test_a_class_that_cannot_be_imported_is_explained_alike_in_every_group(
    group: str, target: str, sentence: str, tmp_path: Path
) -> None:
    (tmp_path / group).mkdir()
    (tmp_path / group / "mine.yaml").write_text(f"_target_: {target}\n", encoding="utf-8")
    cfg = compose([searchpath_override(tmp_path), f"{group}=mine"])
    with pytest.raises(ConfigError, match=re.escape(sentence)):
        build(cfg[group])


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("flow=diss", "; did you mean flow=dis?"),
        ("flow=mime", "; did you mean flow=mine?"),
        ("experiment=bins", "did you mean +experiment=bins?"),
        ("descriptor.bin=8", "did you mean descriptor.bins?"),
        ("seeed=3", "did you mean seed?"),
        ("spotter=peaks", "spotter=peaks: is used only by mer spot and by mer run task=spot"),
        ("temporal=each", "temporal=each: is used only by mer landmarks; leave it out"),
    ],
)
def test_a_misspelling_gets_a_suggestion(word: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "flow").mkdir()
    (tmp_path / "flow" / "mine.yaml").write_text("_target_: my.Flow\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=re.escape(sentence)):
        compose([searchpath_override(tmp_path), word])
