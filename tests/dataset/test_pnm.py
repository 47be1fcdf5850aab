"""PGM and PPM: grey levels by the largest value that the header names, whatever it is."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

import mer
from mer.dataset.check import check_samples
from mer.dataset.images import read_frame
from mer.errors import DataError

RAMP = np.tile(np.linspace(0, 1, 16), (8, 1))


def write(path: Path, magic: bytes, largest: int) -> Path:
    values = np.rint(RAMP * largest).astype(int)
    values = np.repeat(values[..., None], 3, axis=2) if magic in (b"P3", b"P6") else values
    body = " ".join(map(str, values.ravel())).encode()
    if magic in (b"P5", b"P6"):
        body = values.astype(">u2" if largest > 255 else "u1").tobytes()
    path.write_bytes(magic + b"\n# of a camera\n16 8\n%d\n" % largest + body)
    return path


@pytest.mark.parametrize("magic", [b"P2", b"P3", b"P5", b"P6"])
@pytest.mark.parametrize("largest", [15, 100, 255, 256, 1000, 1023, 4095, 65535])
def test_every_range_becomes_0_to_255(tmp_path: Path, magic: bytes, largest: int) -> None:
    frame = read_frame(write(tmp_path / "1.pgm", magic, largest))
    assert frame.dtype == np.uint8
    expected = np.rint(np.rint(RAMP * largest) * 255 / largest)
    by_opencv = magic in (b"P2", b"P3") and largest < 255  # which rounds some values down
    np.testing.assert_allclose(frame.reshape(8, 16, -1)[..., 0], expected, atol=1 if by_opencv else 0)


@pytest.mark.parametrize("magic", [b"P2", b"P5", b"P6"])
@pytest.mark.parametrize("largest", [200, 255, 1023])
def test_a_file_that_is_cut_short_is_named(tmp_path: Path, magic: bytes, largest: int) -> None:
    path = write(tmp_path / "1.pgm", magic, largest)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DataError, match=r"1\.pgm: no image can be decoded from its .* bytes; it is cut short"):
        read_frame(path)


def test_a_folder_of_pgm_is_a_clip_and_transparent_frames_are_a_warning(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    for number in (1, 2, 3):
        write(tmp_path / "a" / f"{number}.pgm", b"P5", 100 + number)
        pixels = np.full((8, 16, 4), (number, 9, 9, 128), np.uint8)
        cv2.imwrite(str(tmp_path / "b" / f"{number}.png"), pixels)
    lines = ["sample_id,subject,label,onset,apex,offset,path", "a,s1,x,1,2,3,a", "b,s2,y,1,2,3,b"]
    (tmp_path / "t.csv").write_text("\n".join(lines), encoding="utf-8")
    manifest = mer.component("dataset", "csv", table=str(tmp_path / "t.csv")).load()
    assert manifest.samples[0].clip.read(2)[0, -1] == 255
    found = check_samples(manifest.samples, lambda s: (s.onset, s.apex), workers=1, advance=lambda: None)
    (finding,) = [f for f in found if "transparent" in f.what]
    assert (finding.level, finding.clip) == ("warning", "b")
    assert finding.what == f"{tmp_path / 'b' / '1.png'} has transparent pixels, and is read as if they were opaque"
