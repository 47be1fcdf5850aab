"""Videos: exactly the frame that a number names, in every format; damage, interlacing and odd clocks are named."""

from __future__ import annotations

import random
import re
import shlex
import shutil
import struct
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from mer.dataset.video import frame_times, frames_of, video_frame, video_index
from mer.errors import DataError
from mer.types import Image

FRAMES = 40
H264 = ["-c:v", "libx264", "-qp", "10", "-bf", "3", "-g", "10"]
MPEG4 = ["-c:v", "mpeg4", "-q:v", "2", "-g", "10"]
MPEG2 = ["-c:v", "mpeg2video", "-q:v", "2", "-bf", "2", "-g", "10"]
PAIRS = {
    "h264.mp4": H264,
    "h264.mkv": H264,
    "h264.ts": H264,
    "h264.avi": H264,
    "mpeg4.avi": MPEG4,
    "mpeg4_b.avi": [*MPEG4, "-bf", "2"],
    "mpeg4.mp4": [*MPEG4, "-bf", "2"],
    "mpeg2.ts": MPEG2,
    "mpeg2.mpg": MPEG2,
    "prores.mov": ["-c:v", "prores_ks"],
    "mjpeg.avi": ["-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p"],
    "hevc.mp4": ["-c:v", "libx265", "-x265-params", "log-level=none", "-g", "10"],
    "vp8.webm": ["-c:v", "libvpx", "-b:v", "2M", "-g", "10"],
    "vp9.webm": ["-c:v", "libvpx-vp9", "-b:v", "2M", "-g", "10", "-cpu-used", "8"],
    "ffv1.mkv": ["-c:v", "ffv1"],
    "huffyuv.avi": ["-c:v", "huffyuv"],
    "wmv2.wmv": ["-c:v", "wmv2", "-q:v", "2"],
}


def number_of(frame: Image) -> int:
    """Read the number that `picture` wrote as six dark or light stripes."""
    stripes = frame[:8].mean(axis=(0, 2)).reshape(6, -1).mean(axis=1)
    code = sum(int(value > 127) << bit for bit, value in enumerate(stripes))
    return next(number for number in range(64) if number ^ number >> 1 == code)


def picture(number: int) -> Image:
    """A still, textured scene that makes damage visible, under the stripes of its number."""
    scene = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (120, 192)).astype(np.uint8), (0, 0), 2)
    scene = cv2.normalize(scene, None, 40, 215, cv2.NORM_MINMAX).astype(np.uint8)  # type: ignore[call-overload]
    code = number ^ number >> 1  # Gray's: one stripe changes from frame to frame
    bits = np.array([(code >> bit) & 1 for bit in range(6)], np.uint8) * 40 + 108
    stripes = np.broadcast_to(np.repeat(bits, 32), (8, 192))
    return np.repeat(np.vstack([stripes, scene])[..., None], 3, axis=2)


@pytest.fixture(scope="session")
def ffmpeg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the frames as images, for the program ffmpeg."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("the program ffmpeg, which makes these videos, is not installed")
    folder = tmp_path_factory.mktemp("frames")
    for number in range(FRAMES):
        cv2.imwrite(str(folder / f"{number}.png"), picture(number))
    return folder


def encode(frames: Path, path: Path, *words: str) -> Path:
    command = ["ffmpeg", "-v", "error", "-y", "-framerate", "25", "-i", str(frames / "%d.png"), "-pix_fmt", "yuv420p"]
    done = subprocess.run([*command, *words, str(path)], capture_output=True, text=True, check=False)
    if "Unknown encoder" in done.stderr:
        pytest.skip(f"this ffmpeg was built without the encoder of {path.name}")
    assert done.returncode == 0, done.stderr
    return path


def repaired(message: str) -> Path:
    """Run the command that a message gives, and return the copy."""
    words = shlex.split(message[message.index("ffmpeg -i ") :].partition(" (if ")[0])
    subprocess.run([words[0], "-v", "quiet", *words[1:]], check=True)
    return Path(words[-1])


@pytest.fixture(scope="session")
def videos(ffmpeg: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("videos")


@pytest.mark.parametrize("name", PAIRS)
def test_every_frame_has_its_number_and_its_time(ffmpeg: Path, videos: Path, name: str) -> None:
    path = encode(ffmpeg, videos / name, *PAIRS[name])
    assert [number_of(frame) for frame in frames_of(path)] == list(range(FRAMES))
    for number in (0, 9, 10, 11, 27, FRAMES - 1):
        frame = video_frame(path, number)
        assert frame is not None and number_of(frame) == number
    assert video_frame(path, FRAMES) is None
    index = video_index(path)
    np.testing.assert_allclose(index.times, np.arange(FRAMES) / 25, atol=0.001)
    assert index.remarks == ()


def spoilt(path: Path, target: Path, part: float, length: int) -> Path:
    """Copy a file with noise for some of its bytes."""
    data = bytearray(path.read_bytes())
    start = int(len(data) * part)
    end = min(start + length, len(data) - 2000)  # the index of frames is often at the end
    data[start:end] = random.Random(0).randbytes(end - start)
    target.write_bytes(data)
    return target


@pytest.mark.parametrize("part", [0.3, 0.5, 0.7])
@pytest.mark.parametrize("name", [name for name in PAIRS if name not in ("vp8.webm", "vp9.webm")])
def test_damage_is_an_error_or_else_a_remark(
    ffmpeg: Path, videos: Path, tmp_path: Path, name: str, part: float
) -> None:
    """Decoders that notice nothing show it as a sudden change; demuxers that pass over a part leave a gap.

    VP8 and VP9 carry no checks: what is lost inside their frames may show as little as a slight blur.
    """
    whole = videos / name
    if not whole.exists():
        encode(ffmpeg, whole, *PAIRS[name])
    bad = spoilt(whole, tmp_path / name, part, whole.stat().st_size // 15)
    try:
        said = " ".join(video_index(bad).remarks)
        assert re.search(r"changes suddenly at frame|clock jumps|header counts", said)
    except DataError as error:
        if "no video" in str(error):  # the damage hit what describes the stream
            return
        assert re.search(r"the video is damaged: .*; copy the file again .* or accept the loss", str(error))
        assert 0 < len(frame_times(repaired(str(error)))) <= FRAMES


def test_an_interlaced_video_is_refused_and_the_deinterlaced_copy_is_not(ffmpeg: Path, tmp_path: Path) -> None:
    options = ("-c:v", "libx264", "-x264opts", "interlaced=1:tff=1")
    path = encode(ffmpeg, tmp_path / "it's.mp4", *options)
    with pytest.raises(DataError, match=r"frame 0 is interlaced: .*; deinterlace it: ffmpeg -i ") as error:
        frame_times(path)
    assert len(frame_times(repaired(str(error.value)))) == FRAMES


def test_a_clock_that_runs_back_is_refused_and_the_copy_is_not(ffmpeg: Path, tmp_path: Path) -> None:
    one = encode(ffmpeg, tmp_path / "one.ts", *H264).read_bytes()
    joined = tmp_path / "joined.ts"
    joined.write_bytes(one + one)
    with pytest.raises(
        DataError, match=r"is damaged: .* and its clock runs back: frame 39 .* frame 40 at 0.000 s"
    ) as error:
        frame_times(joined)
    assert len(frame_times(repaired(str(error.value)))) == 2 * FRAMES


def test_frames_without_a_clock_are_refused(ffmpeg: Path, tmp_path: Path) -> None:
    path = encode(ffmpeg, tmp_path / "raw.h264", *H264)
    with pytest.raises(DataError, match=r"its frames have no times, .*; give it a new clock: ffmpeg"):
        frame_times(path)


def test_a_gap_in_the_clock_is_named(ffmpeg: Path, tmp_path: Path) -> None:
    dropped = "select='not(between(n,20,24))'"
    path = encode(ffmpeg, tmp_path / "a.mkv", "-vf", dropped, "-fps_mode", "passthrough", *H264)
    index = video_index(path)
    assert len(index.times) == FRAMES - 5
    assert index.times[20] == pytest.approx(1.0, abs=0.001)
    (remark,) = index.remarks
    assert remark.startswith(f"{path}: its clock jumps by 0.240 s after frame 19, where 0.040 s is usual")


def test_a_steady_change_of_the_frame_rate_is_no_gap(ffmpeg: Path, tmp_path: Path) -> None:
    slower = "setpts='if(lt(N,20),N,20+(N-20)*2)/25/TB'"
    path = encode(ffmpeg, tmp_path / "a.mkv", "-vf", slower, "-fps_mode", "passthrough", *H264)
    index = video_index(path)
    assert index.times[-1] == pytest.approx((20 + 19 * 2) / 25, abs=0.05)
    assert index.remarks == ()


def test_a_cut_is_named(ffmpeg: Path, tmp_path: Path) -> None:
    path = encode(ffmpeg, tmp_path / "a.mp4", "-vf", "negate=enable='gte(n,25)'", *H264)
    (remark,) = video_index(path).remarks
    assert "the picture changes suddenly at frame 25: by " in remark


def test_pixels_that_are_not_square_and_a_second_stream_are_named(ffmpeg: Path, tmp_path: Path) -> None:
    path = encode(ffmpeg, tmp_path / "a.mkv", "-vf", "setsar=16/15", "-map", "0:v", "-map", "0:v", *H264)
    square, streams = video_index(path).remarks
    assert "not square (aspect ratio 16/15)" in square
    assert "it has 2 video streams" in streams


@pytest.mark.parametrize("colours", ["pc", "tv"])
def test_full_and_limited_range_give_the_same_grey_levels(ffmpeg: Path, tmp_path: Path, colours: str) -> None:
    ranged = f"scale=out_range={colours}"
    path = encode(ffmpeg, tmp_path / "a.mp4", "-vf", ranged, "-color_range", colours, *H264)
    frame = video_frame(path, 7)
    assert frame is not None
    assert np.abs(frame[12:].astype(int) - picture(7)[12:]).mean() < 2.5


def test_ten_bits_are_read_as_eight(ffmpeg: Path, tmp_path: Path) -> None:
    path = encode(ffmpeg, tmp_path / "a.mkv", "-c:v", "ffv1", "-pix_fmt", "yuv420p10le")
    frame = video_frame(path, 7)
    assert frame is not None
    assert np.abs(frame[12:].astype(int) - picture(7)[12:]).mean() < 1.5


@pytest.mark.parametrize(("turns", "a", "b"), [(1, 0, 1), (2, -1, 0), (3, 0, -1)])
def test_a_video_is_read_upright_as_players_show_it(ffmpeg: Path, tmp_path: Path, turns: int, a: int, b: int) -> None:
    path = encode(ffmpeg, tmp_path / "a.mp4", *H264)
    lying = next(iter(frames_of(path)))

    def matrix(*first: int) -> bytes:
        return struct.pack(">9i", *(65536 * value for value in first), 1 << 30)

    content = path.read_bytes()
    track = content.index(matrix(1, 0, 0, 0, 1, 0, 0, 0), content.index(b"tkhd"))
    turned = matrix(a, b, 0, -b, a, 0, 0, 0)  # quarter turns clockwise, as a phone writes them
    path.write_bytes(content[:track] + turned + content[track + len(turned) :])
    assert np.array_equal(next(iter(frames_of(path))), np.rot90(lying, -turns))


@pytest.mark.parametrize("name", ["10:30.mp4", "a=b.mp4", "~t.mp4", "视频 %d.mp4", "concat:a.mp4", "-i.mp4"])
def test_any_file_name_will_do(ffmpeg: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    encode(ffmpeg, tmp_path / "plain.mp4", *H264).rename(tmp_path / name)
    assert len(frame_times(Path(name))) == FRAMES


def test_what_has_no_video_is_refused(ffmpeg: Path, tmp_path: Path) -> None:
    sound = tmp_path / "a.wav"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=duration=0.2", str(sound)]
    subprocess.run(command, check=True)
    with pytest.raises(DataError, match="no video stream can be found in it"):
        frame_times(sound)
    with pytest.raises(DataError, match=r"no such video \(No such file or directory\); correct the path"):
        frame_times(tmp_path / "b.mp4")


def test_a_file_that_changes_is_read_anew(ffmpeg: Path, tmp_path: Path) -> None:
    path = encode(ffmpeg, tmp_path / "a.mp4", *H264)
    assert len(frame_times(path)) == FRAMES
    encode(ffmpeg, path, "-frames:v", "7", *H264)
    assert len(frame_times(path)) == 7


def test_the_real_video_has_no_remarks(data_root: Path) -> None:
    index = video_index(data_root / "video" / "face_pexels.mp4")
    assert (len(index.times), index.remarks) == (472, ())


def test_frames_that_change_their_size_are_refused(tmp_path: Path) -> None:
    path, small = tmp_path / "sizes.mjpeg", picture(0)[:96]
    path.write_bytes(b"".join(cv2.imencode(".jpg", one)[1].tobytes() for one in [picture(0)] * 3 + [small] * 3))
    with pytest.raises(DataError, match=r"frame 3 is 192 x 96 px, and those before are 192 x 128 px.*scale=192:128"):
        video_index(path)


def test_a_video_whose_end_is_lost_is_remarked(ffmpeg: Path, tmp_path: Path) -> None:
    """The duration in the header, which the writer put there, is longer than the frames that are left."""
    whole = encode(ffmpeg, tmp_path / "whole.mkv", *PAIRS["mjpeg.avi"], "-cluster_time_limit", "100")
    assert not video_index(whole).remarks
    data = whole.read_bytes()
    (cut := tmp_path / "cut.mkv").write_bytes(data[: data.rindex(b"\x1f\x43\xb6\x75", 0, len(data) // 2)])
    assert "its header says 1.6 s and its frames end at 0." in " ".join(video_index(cut).remarks)
