"""The bench of flows: zero flow has the error that it must have, what is missing is said, all files are written."""

import csv
import importlib.util

import numpy as np
import pytest

from mer.bench import flow as bench
from mer.bench._flow_measures import EDGES, measure
from mer.config.composition import component
from mer.errors import ConfigError
from mer.training.flow.benchmark_pairs import benchmark_pairs
from mer.training.flow.training_images import SIDE, Face
from mer.training.images import texture


@pytest.fixture(scope="module")
def pool():
    rng = np.random.default_rng(0)
    points = rng.uniform(70, 190, (68, 2)).astype(np.float32)
    return [Face(np.rint(texture(rng, SIDE)).astype(np.uint8), points, f"person{k}") for k in range(2)]


def test_zero_flow_is_wrong_by_the_motion_itself(pool):
    found = measure(component("flow", "external"), pool, 1, {})
    for pair in benchmark_pairs(pool, 1, 20):
        magnitude = np.hypot(*np.moveaxis(pair.flow, -1, 0))[pair.inside].mean()
        assert found.table[pair.peak, pair.degraded] == pytest.approx(magnitude, rel=1e-5)
    curve = found.curve(False)
    known = ~np.isnan(curve)
    assert (curve[known] >= EDGES[:-1][known]).all()
    assert (curve[known] <= np.append(EDGES[1:-1], np.inf)[known]).all()


def test_it_prints_a_table_and_writes_all_files(pool, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bench, "unseen_faces", lambda *_: pool)
    bench.run(["flows=dis,raft_small", "plain=false", "each=1", f"output={tmp_path}"])
    text = capsys.readouterr().out
    assert "degr. 3" in text
    if importlib.util.find_spec("torchvision") is None:
        assert "left out: flow=raft_small needs torchvision" in text
    names = {path.name for path in tmp_path.iterdir()}
    assert names >= {"flow.csv", "flow_error.png", "flow_error.svg", "flow_gallery.png"}
    with (tmp_path / "flow.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["flow"] == "dis"]
    assert sum(row["measure"] == "epe_px" for row in rows) == 8
    assert {"noise_px", "large_px", "synthetic_px", "ms_a_pair"} <= {row["measure"] for row in rows}


def test_a_wrong_number_is_named():
    with pytest.raises(ConfigError, match=r"each= and stride= are whole numbers"):
        bench.run(["each=some"])
