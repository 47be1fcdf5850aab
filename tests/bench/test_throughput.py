"""Pairs and crops per second: the batched code, as on a GPU."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mer.bench._throughput import _Bytes, batches_of, flow_rows, landmark_rows
from mer.cli import main
from mer.errors import ConfigError


@pytest.mark.parametrize("rows", [flow_rows, landmark_rows])
def test_a_batch_is_as_exact_as_single_images_and_has_a_rate_and_a_limit(rows, monkeypatch):
    monkeypatch.setattr("mer.bench._throughput._SECONDS", 0.01)
    monkeypatch.setattr("mer.bench._throughput._SIDE", {"cpu": 256})
    found = list(rows("cpu", [2]))
    assert [row.batch for row in found] == [2]
    for row in found:
        assert row.largest < 1e-3 and row.mean <= row.largest
        assert all(np.isfinite(rate) and rate > 0 for rate in (row.on_host, row.on_device, row.limit))


def test_a_call_counts_what_it_reads_and_writes_and_a_view_nothing():
    one = torch.zeros(10, 10)
    with _Bytes() as traffic:
        one.view(100)[:50].chunk(2)
    assert traffic.total == 0
    with _Bytes() as traffic:
        torch.mm(one, one)
    assert traffic.total == 3 * 400


def test_batches_are_whole_numbers():
    assert batches_of("1,16") == [1, 16]
    with pytest.raises(ConfigError, match=r"batches=1,x: must be whole numbers above 0"):
        batches_of("1,x")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_device_that_is_not_there_is_one_sentence(capsys):
    assert main(["bench", "flow", "device=cuda"]) == 2
    assert capsys.readouterr().err.startswith("mer: device=cuda: torch finds no such device; choose cpu")
