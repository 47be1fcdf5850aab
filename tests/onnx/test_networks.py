"""ONNX files of the networks give what torch gives, also for other free sizes, and a difference is noticed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from mer.cli import main
from mer.errors import DataError
from mer.flow.microflow import Microflow
from mer.landmarks.cnn68 import BUNDLED
from mer.landmarks.weights import load

onnxruntime = pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
pytest.importorskip("onnx", reason="the extra onnx is not installed")

from mer.onnx.export import TOLERANCE, Net, export_net  # noqa: E402
from mer.onnx.networks import cnn68_nets, microflow_nets  # noqa: E402


def test_the_file_of_microflow_gives_the_flow_of_the_product(tmp_path: Path) -> None:
    (net,) = microflow_nets(None)
    checked = export_net(net, tmp_path)
    assert checked.path.name == "microflow.onnx"
    assert checked.difference <= TOLERANCE
    session = onnxruntime.InferenceSession(checked.path)
    own = Microflow(weights=None, device="cpu", pairs=1)
    rng = np.random.default_rng(0)
    for height, width in ((48, 176), (240, 80), (64, 64)):  # sizes that the file was not checked with
        coarse = rng.uniform(0, 255, (height // 8, width // 8)).astype(np.float32)
        onset = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)
        apex = np.roll(onset, 1, axis=1)
        given = {name: frame[None, None].astype(np.float32) for name, frame in (("onset", onset), ("apex", apex))}
        flow = session.run(["flow"], given)[0][0]
        np.testing.assert_allclose(flow.transpose(1, 2, 0), own(onset, apex).uv, atol=TOLERANCE)


def test_the_files_of_cnn68_give_what_its_networks_give(tmp_path: Path) -> None:
    faces, points = (export_net(net, tmp_path) for net in cnn68_nets(None))
    assert max(faces.difference, points.difference) <= TOLERANCE
    frame = torch.rand(3, 1, 64, 160) * 255
    grid = onnxruntime.InferenceSession(faces.path).run(None, {"frame": frame.numpy()})[0]
    with torch.inference_mode():
        np.testing.assert_allclose(grid, load(BUNDLED, "cpu").faces(frame).numpy(), atol=TOLERANCE)
    facts = onnxruntime.InferenceSession(points.path).get_modelmeta().custom_metadata_map
    assert facts["points"] == "px of the crop, iBUG order"


def test_a_file_that_gives_something_else_is_removed(tmp_path: Path) -> None:
    class Unsteady(torch.nn.Module):
        calls = 0

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.calls += 1
            return x + self.calls

    one = torch.zeros(1, 2)
    module = Unsteady()
    net = Net(name="a", module=module, inputs={"x": {}}, outputs={"y": {}}, example=(one,), others=[], about={})
    with pytest.raises(DataError, match=r"a.onnx: onnxruntime differs from torch by .*; the file was removed"):
        export_net(replace(net, others=[(one,)]), tmp_path)
    assert not (tmp_path / "a.onnx").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["raft"], "NETWORK=raft: no such choice; NETWORK can be cnn68, microflow"),
        (["microflow", "weights=nothing.npz"], "nothing.npz"),
    ],
)
def test_bad_input_is_one_sentence(words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "onnx", *words]) in (1, 2)
    error = capsys.readouterr().err
    assert sentence in error
    assert len(error.strip().splitlines()) == 1
