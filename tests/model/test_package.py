"""A model on disk: the same after reading, and nothing but a model is read."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from mer.errors import ConfigError, DataError
from mer.loso.guards import sorted_table
from mer.model import package, shelf
from tests.model.conftest import Small


def _copy(small: Small, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small.path, tmp_path / "copy"))


def _rewrite(path: Path, **changes: object) -> None:
    """Change the document of a model, checksums included, as a stranger could."""
    inner = path / package.INNER
    document = json.loads((inner / "model.json").read_text(encoding="utf-8"))
    for key, value in changes.items():
        document[key] = value
    with np.load(inner / "training.npz") as arrays:
        package.write(inner, document, {name: arrays[name] for name in arrays.files})


def test_loaded_twice_it_scores_alike(small: Small) -> None:
    one, two = (shelf.load_named(small.home, name) for name in ("small", "small@1"))
    rows = np.asarray(small.fitted.training["clips"], dtype=np.float64)[:, None]
    assert (one.scores(rows) == two.scores(rows)).all()
    assert one.name == "small@1" and not one.changed and one.demonstration


def test_the_training_clips_are_near_and_noise_is_far(small: Small) -> None:
    model = shelf.load_named(small.home, "small")
    rows, lengths = (np.asarray(small.fitted.training[name], dtype=np.float64) for name in ("clips", "lengths"))
    noise = np.abs(np.random.default_rng(0).normal(0, 1, (1, rows.shape[1])))
    assert (model.neighbourhood(rows, lengths) < model.far).mean() > 0.9
    assert model.neighbourhood(noise, lengths[:1])[0] > model.far


def test_the_card_has_an_honest_score(small: Small) -> None:
    card = shelf.read_card(small.path)
    assert set(card["scores"]) == {"uf1", "uar", "accuracy"}
    assert card["scores"]["uf1"]["low"] <= card["scores"]["uf1"]["value"] <= card["scores"]["uf1"]["high"]
    table = sorted_table(small.experiment.pipeline.features(
        small.experiment.pipeline.manifest(bad_clips="stop"), workers=1, bad_clips="stop"
    ).table)  # fmt: skip
    assert (np.asarray(small.fitted.training["clips"]) == table.X).all()


def test_an_edited_model_is_refused(small: Small, tmp_path: Path) -> None:
    path = _copy(small, tmp_path)
    document = path / package.INNER / "model.json"
    document.write_text(document.read_text(encoding="utf-8").replace('"far"', '"fab"'), encoding="utf-8")
    with pytest.raises(DataError, match="edited or damaged"):
        package.load(path)


@pytest.mark.parametrize("target", ["os.system", "subprocess.run", "mer.flow.external.External", "builtins.eval"])
def test_a_model_runs_no_code_of_its_own(small: Small, tmp_path: Path, target: str) -> None:
    path = _copy(small, tmp_path)
    components = {**small.fitted.document["components"], "motion": {"_target_": target, "command": "touch x"}}
    _rewrite(path, components=components)
    with pytest.raises(DataError, match="no component of this mer"):
        package.load(path)


def test_other_formats_and_files_are_refused(small: Small, tmp_path: Path) -> None:
    path = _copy(small, tmp_path)
    _rewrite(path, format=99)
    with pytest.raises(DataError, match="format 99"):
        package.load(path)
    file = tmp_path / "model.pkl"
    file.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(DataError, match="a file, and a model of mer is a folder"):
        package.load(file)
    with pytest.raises(DataError, match="no model of mer"):
        package.load(tmp_path)


def test_a_model_of_an_earlier_version_says_what_it_lacks(small: Small, tmp_path: Path) -> None:
    path = _copy(small, tmp_path)
    inner = path / package.INNER
    document = json.loads((inner / "model.json").read_text(encoding="utf-8"))
    del document["far"]
    with np.load(inner / "training.npz") as arrays:
        package.write(inner, document, {name: arrays[name] for name in arrays.files if name != "lengths"})
    with pytest.raises(DataError, match="lacks far, lengths"):
        package.load(path)


def test_another_version_is_named(small: Small, tmp_path: Path) -> None:
    path = _copy(small, tmp_path)
    _rewrite(path, stage_keys={**small.fitted.document["stage_keys"], "flow": "of another version"})
    assert package.load(path).changed == ("flow",)


def test_unknown_names_say_what_there_is(small: Small) -> None:
    with pytest.raises(ConfigError, match="choose one of small"):
        shelf.find(small.home, "smal")
    with pytest.raises(ConfigError, match="no such version; small has 1"):
        shelf.find(small.home, "small@7")
    with pytest.raises(ConfigError, match="use letters"):
        shelf.check_name("../x")
