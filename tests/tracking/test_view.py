"""The shared view of a study: MLflow's run table opens sorted by score, with the factors as columns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mer.cli import main
from mer.report.run_list import factors, repeats, runs_of, studies
from mer.tracking import Sqlite, study_url, sync
from mer.tracking.ui import study_url as url
from mer.tracking.view import has_view
from tests.support.runs import keep_result, record

DATA = {"name": "planted", "digest": "abc", "source": "embedded"}


def _keep(home: Path, key: str, study: str, uf1: float, **params: str) -> None:
    of = record(study, name=key, params={"flow": "dis", "roi": "grid", **params}, metrics={"uf1": uf1, "uar": uf1 / 2})
    keep_result(home, key * 16, of)


def _view(client: Any, study: str) -> Any:
    tags = client.get_experiment_by_name(study).tags
    assert has_view(tags)
    return json.loads(tags["mlflow.sharedViewState.mer"])


def test_factors_become_columns_and_the_score_sorts(tracking: Sqlite, client: Any) -> None:
    home = Path(tracking.home)
    _keep(home, "a1", "viewed", 0.5)
    assert not sync(home).problems
    one = _view(client, "viewed")
    assert one["selectedColumns"] == ["metrics.`uf1`", "metrics.`uar`", "params.`flow`", "params.`roi`"]
    assert (one["orderByKey"], one["orderByAsc"]) == ("metrics.`uf1`", False)
    _keep(home, "a2", "viewed", 0.6, flow="tvl1")
    _keep(home, "a3", "viewed", 0.7, **{"descriptor.bins": "12"})
    assert not sync(home).problems
    columns = _view(client, "viewed")["selectedColumns"]
    assert columns[2:] == ["params.`flow`", "params.`descriptor.bins`"], "also one that only some commands name"
    assert study_url("http://h", home, "viewed").endswith("workflowType=machine_learning&viewStateShareKey=mer")


def test_the_seeds_of_a_cell_have_their_mean_and_spread(tracking: Sqlite, client: Any) -> None:
    home = Path(tracking.home)
    for number, uf1 in enumerate((0.5, 0.6, 0.7)):
        _keep(home, f"b{number}", "seeded", uf1, seed=str(number))
    _keep(home, "b8", "seeded", 0.9, seed="0", flow="tvl1")
    assert not sync(home).problems
    assert "tags.`over_seeds`" in _view(client, "seeded")["selectedColumns"]
    lines = runs_of(client, "seeded")
    assert [line.scores["uf1"] for line in lines] == [0.9, 0.7, 0.6, 0.5]
    assert factors(lines) == ["flow", "seed"]
    (cell,) = repeats(lines)
    assert sorted(cell.seeds) == ["0", "1", "2"]
    assert [round(number, 6) for number in cell.scores["uf1"]] == [0.6, 0.1]
    tags = [client.get_run(line.run_id).data.tags.get("over_seeds") for line in lines]
    assert tags == [None, *["uf1 0.6000 ± 0.1000 (3 seeds)"] * 3]


def test_a_study_of_an_earlier_version_opens_without_a_view(tracking: Sqlite, client: Any) -> None:
    client.create_experiment("older")
    assert url("http://h", Path(tracking.home), "older").endswith("workflowType=machine_learning")


def test_the_runs_are_listed(tracking: Sqlite, client: Any, capsys: Any) -> None:
    home = Path(tracking.home)
    _keep(home, "c1", "listed", 0.25)
    _keep(home, "c2", "listed", 0.75, roi="mdmo36")
    assert not sync(home).problems
    assert "listed" in [line.name for line in studies(client)]
    assert main(["runs", f"home={home}"]) == 0
    assert "listed " in capsys.readouterr().out
    assert main(["runs", "listed", f"home={home}"]) == 0
    head, first, second, *_ = capsys.readouterr().out.splitlines()
    assert head.split() == ["run", "UF1", "UAR", "roi", "began"]
    assert first.split()[1:4] == ["0.750", "0.375", "mdmo36"] and second.split()[1:4] == ["0.250", "0.125", "grid"]
    assert main(["runs", "no such", f"home={home}"]) == 1
    assert "study no such: there is no such study; there are:" in capsys.readouterr().err
