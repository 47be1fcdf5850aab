"""Real programs, on demand: a browser on the MLflow pages, and a server on PostgreSQL.

MER_TEST_UI=1 starts the MLflow UI (half a minute) and opens its compare page in a headless browser.
MER_TEST_SERVER=http://localhost:5000 names a server of your own to write to, such as one on PostgreSQL.
Screenshots go to MER_TEST_SHOTS, where that names a folder.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest

from mer.report.build import report
from mer.report.study import Study, load_study
from mer.tracking import UI_ENVIRONMENT, reading, study_url, sync, ui_command
from tests.support.planted import clips, keep, predict
from tests.support.runs import keep_result, record

QUIET = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
QUIET += " --disable-component-update --disable-sync --virtual-time-budget=40000"


def look(page: str, profile: Path, name: str) -> str:
    """Open a page in a headless browser, keep a screenshot where one is wanted, return the text of its DOM."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no chromium or google-chrome is installed")
    command = [browser, *QUIET.split(), f"--user-data-dir={profile}", "--window-size=1700,1300"]
    if folder := os.environ.get("MER_TEST_SHOTS"):
        shot = [*command, f"--screenshot={Path(folder) / name}.png", page]
        subprocess.run(shot, capture_output=True, timeout=120, check=True)
    return subprocess.run(
        [*command, "--dump-dom", page], capture_output=True, text=True, timeout=120, check=True
    ).stdout


def planted(home: Path) -> Study:
    rng = np.random.default_rng(0)
    of = clips(rng, subjects=8, each=(4, 8))
    for flow in ("dis", "tvl1"):
        for bins in ("4", "8"):
            predicted = predict(rng, of, skill=1, suits=0.2)
            keep(home, home / (flow + bins), {"flow": flow, "descriptor.bins": bins}, of, predicted, figure=True)
    with reading(home=home) as client:
        return load_study(client, "planted")


@pytest.mark.skipif(not os.environ.get("MER_TEST_UI"), reason="starts a server for half a minute: set MER_TEST_UI=1")
def test_the_compare_page_shows_the_factors_and_scores(tmp_path: Path) -> None:
    home = tmp_path / "home"
    study = planted(home)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    page = study_url(base, home, "planted")
    with subprocess.Popen(
        ui_command(home, "127.0.0.1", port),
        env=os.environ | UI_ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            _wait(base)
            ids = quote(json.dumps([run.run_id for run in study.runs]))
            number = quote(json.dumps([page.split("/experiments/")[1].split("/")[0]]))
            compare = look(f"{base}/#/compare-runs?runs={ids}&experiments={number}", tmp_path / "a", "mlflow_compare")
            runs = look(page, tmp_path / "b", "mlflow_runs")
        finally:
            server.terminate()
    assert "Comparing 4 Runs from 1 Experiment" in compare
    for text in ("descriptor.bins", "tvl1", "confusion.png", "uf1"):
        assert text in compare
    for run in study.runs:
        assert f"{run.summary['uf1']['value']:.3f}"[:4] in compare
        assert run.name in runs


@pytest.mark.skipif(
    not os.environ.get("MER_TEST_SERVER"),
    reason="no MLflow server is configured: set MER_TEST_SERVER=http://localhost:5000",
)
def test_a_server_keeps_runs_and_gives_a_report(tmp_path: Path) -> None:
    uri, name = os.environ["MER_TEST_SERVER"], f"mer test {uuid.uuid4().hex[:8]}"
    made = planted(tmp_path / "home")
    for run, flow in zip(made.runs, ("dis", "dis", "tvl1", "tvl1"), strict=True):
        folder = tmp_path / "home" / (flow + run.params["descriptor.bins"])
        files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        scores = {"metrics": {"uf1": run.summary["uf1"]["value"]}, "series": {"fold_accuracy": [0.5] * 8}}
        told = record(name, store=uri, name=run.name, params=run.params, tags=run.tags, **scores)
        keep_result(tmp_path / "home", run.run_id, told, files)
    assert not sync(tmp_path / "home").problems
    with reading(home=tmp_path, uri=uri) as client:
        study = load_study(client, name)
        kept = client.get_experiment_by_name(name)
        assert kept is not None
        client.delete_experiment(kept.experiment_id)
    assert [run.summary for run in study.runs] == [run.summary for run in made.runs]
    document = report(study, tmp_path / "out")
    assert len(document.tables[1].rows) == 5


def _wait(base: str) -> None:
    for _ in range(240):
        try:
            with urllib.request.urlopen(f"{base}/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    pytest.fail("the server did not answer")
