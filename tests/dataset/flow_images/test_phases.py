"""Several flow fields per clip, and flow fields in files that lose nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mer.dataset.export.flow_layouts import FlowFile, flow_image, write_flow
from mer.dataset.flow_images import FlowImages
from mer.dataset.flow_images.clip import FlowImageClip, read_channels
from mer.dataset.flow_images.field_file import FlowFieldClip, field_bytes, read_field
from mer.dataset.flow_images.phases import FlowPhases
from mer.errors import DataError
from mer.geometry.strain import optical_strain
from mer.types import Float32
from tests.dataset.flow_images.test_flow_images import dataset, write_image


def field(seed: int = 0, size: int = 12) -> Float32:
    return np.random.default_rng(seed).normal(size=(size, size + 2, 2)).astype(np.float32)


def files(suffix: str, *, subjects: int = 2, clips: int = 3) -> list[FlowFile]:
    def one(s: int, k: int) -> FlowFile:
        uv = field(10 * s + k)
        data = flow_image(uv, 8) if suffix == ".png" else field_bytes(uv, suffix)
        names: dict[str, Any] = {"database": "smic", "subject": f"s{s}", "clip": f"s{s}_ne_{k}"}
        return FlowFile(**names, label=k % 3, suffix=suffix, data=data)

    return [one(s, k) for s in range(1, subjects + 1) for k in range(clips)]


@pytest.mark.parametrize("suffix", [".flo", ".npy"])
def test_a_field_comes_back_to_the_last_digit(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(field_bytes(field(), suffix))
    np.testing.assert_array_equal(read_field(path), field())
    assert field_bytes(read_field(path), suffix) == path.read_bytes()


def test_a_flo_file_has_the_published_head(tmp_path: Path) -> None:
    data = field_bytes(field(), ".flo")
    assert np.frombuffer(data[:4], dtype="<f4")[0] == np.float32(202021.25)
    assert np.frombuffer(data[4:12], dtype="<i4").tolist() == [14, 12]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.flo", b"", "not a .flo file"),
        ("a.flo", field_bytes(field(), ".flo")[:-1], "do not hold a field of 14×12 pixels"),
        ("a.npy", b"", "not a .npy file"),
        ("a.npy", b"text", r"not a .npy file \(it holds no plain arrays\); copy it again"),
        ("a.npy", field_bytes(field()[..., 0], ".npy"), "not a flow field of floats"),
        ("a.flo", field_bytes(np.full((4, 4, 2), 1e10, np.float32), ".flo"), "unknown or not finite"),
    ],
)
def test_faulty_fields_are_refused(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=message):
        read_field(tmp_path / name)


@pytest.mark.parametrize("suffix", [".png", ".flo", ".npy"])
def test_both_layouts_hold_the_bytes_that_were_written(tmp_path: Path, suffix: str) -> None:
    clips = files(suffix)
    found = {}
    for layout in ("flow_images", "htnet"):
        write_flow(tmp_path / layout, layout, clips)
        samples = dataset(tmp_path / layout).load().samples
        assert [sample.subject for sample in samples] == ["smic/s1"] * 3 + ["smic/s2"] * 3
        clip_files = {sample.id: sample.clip for sample in samples}
        assert all(isinstance(c, FlowImageClip if suffix == ".png" else FlowFieldClip) for c in clip_files.values())
        found[layout] = {name: (c.path.read_bytes(), c.fingerprint(())) for name, c in clip_files.items()}  # type: ignore[attr-defined]
    assert found["flow_images"] == found["htnet"]
    assert [data for data, _ in found["htnet"].values()] == [clip.data for clip in clips]


def test_the_image_shows_u_v_and_the_strain_of_the_field(tmp_path: Path) -> None:
    y, x = np.mgrid[:28, :28].astype(np.float32)
    uv = np.dstack([0.02 * x * y, 0.01 * x])
    (tmp_path / "a.png").write_bytes(flow_image(uv, 28))
    channels = read_channels(tmp_path / "a.png")
    for k, wanted in enumerate([uv[..., 0], uv[..., 1], optical_strain(uv)]):
        scaled = (wanted - wanted.min()) / (wanted.max() - wanted.min()) * 255
        np.testing.assert_allclose(channels[..., k], scaled, atol=0.51)


def test_clips_of_one_name_are_refused(tmp_path: Path) -> None:
    clips = files(".png")
    with pytest.raises(DataError, match="would both be"):
        write_flow(tmp_path / "a", "flow_images", [*clips, replace(clips[0], label=1)])


def folder_of_phases(root: Path) -> FlowImages:
    write_flow(root, "htnet", files(".png"))
    for path in sorted(root.glob("*/u_test/*/*.png")):
        write_image(path.with_name(f"{path.stem}_1.png"), seed=1)
    return dataset(root, phases=["", "_1"])


def test_images_of_one_clip_are_a_sequence(tmp_path: Path) -> None:
    samples = folder_of_phases(tmp_path / "a").load().samples
    assert len(samples) == 6
    clip = samples[0].clip
    assert isinstance(clip, FlowPhases)
    flow = clip.flow()
    assert clip.flows().shape == (2, 8, 8, 2)
    np.testing.assert_array_equal(clip.flows()[0], flow.uv)


def test_what_looks_like_a_second_phase_is_no_clip(tmp_path: Path) -> None:
    folder_of_phases(tmp_path / "a")
    manifest = dataset(tmp_path / "a").load()
    assert len(manifest.samples) == 6
    assert "looks like a further image of the clip smic_s1_ne_0" in manifest.faults[0].reason


def test_a_missing_phase_is_a_fault(tmp_path: Path) -> None:
    folder_of_phases(tmp_path / "a")
    (tmp_path / "a/s1/u_test/0/s1_ne_0_1.png").unlink()
    manifest = dataset(tmp_path / "a", phases=["", "_1"]).load()
    assert [fault.sample_id for fault in manifest.faults] == ["smic_s1_ne_0"]
    assert "s1_ne_0_1 is missing" in manifest.faults[0].reason


def test_the_phases_of_the_release_are_found(data_root: Path) -> None:
    table = data_root / "megc2019_smic_flow28" / "combined_3_class2_for_optical_flow.csv"
    root = data_root / "megc2019_smic_flow28_phases"
    manifest = dataset(root, table=str(table), phases=["", "_1", "_2", "_3"]).load()
    assert (len(manifest.samples), len(manifest.faults)) == (164, 0)
    clip = manifest.samples[0].clip
    assert isinstance(clip, FlowPhases)
    assert clip.flows().shape == (4, 28, 28, 2)
