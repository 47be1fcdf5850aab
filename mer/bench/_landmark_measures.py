"""The measures of `mer bench landmarks`: each takes a finder and returns rows of the table."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from mer.errors import FaceNotFoundError
from mer.geometry.ibug68 import eye_distance
from mer.landmarks.cnn68 import Cnn68
from mer.training.images import faceless_picture
from mer.training.landmarks.accuracy import accuracy
from mer.training.landmarks.faces import Faces, faceless_part
from mer.types import Image, Landmarks

__all__ = ["error_rows", "jitter_rows", "motion_rows", "nothing_rows", "speed_rows", "video_rows"]

_FACE = 256  # px; height of a face, brows to chin, where its jitter and its motion are measured
_VIEWS = 12  # of the same face, for the standard deviation
_NOISE, _JPEG = 2.0, 90
_EMPTY = 1000  # pictures without a face

Array = NDArray[np.float64]


def error_rows(finder: Cnn68, faces: Faces, source: str) -> dict[str, str]:
    """Error of landmarks found in the whole image, over the distance of the outer eye corners."""
    got = accuracy(finder, faces)
    where = f"{source}, {len(faces)} images of {len(np.unique(faces.subject))} people"
    return {
        f"NME, {where}: mean": f"{got['nme_mean']:.2%}",
        f"NME, {where}: median": f"{got['nme_median']:.2%}",
        f"NME > 10 %, {where}": f"{got['failures']:.2%}",
        f"not found, {where}": f"{got['not_found']:.2%}",
    }


def jitter_rows(finder: Cnn68, faces: Faces, source: str, count: int) -> dict[str, str]:
    """Tell how far a point of one face is spread when it is seen again and again: shifts undone, fresh noise, JPEG."""
    rng = np.random.default_rng(0)
    spreads = []
    for image, _ in _enlarged(faces, count):
        found = [_found(finder, *_view(rng, image)) for _ in range(_VIEWS)]
        points = np.array([xy for xy in found if xy is not None])
        if len(points) == _VIEWS:
            spreads.append(np.sqrt(points.var(axis=0, ddof=1).mean(axis=-1)))
    title = f"jitter of {_FACE} px faces, {source}, σ {_NOISE:g}, JPEG {_JPEG}"
    if not spreads:
        return {title: "no face found"}
    return {
        f"{title}: median, px": f"{np.median(spreads):.3f}",
        f"{title}: 95 %, px": f"{np.quantile(spreads, 0.95):.3f}",
    }


def motion_rows(finder: Cnn68, faces: Faces, source: str, count: int) -> dict[str, str]:
    """Found against true displacement of points that a bump of 0.5 to 3 px moves."""
    rng = np.random.default_rng(1)
    true, seen = [], []
    for image, xy in _enlarged(faces, count):
        bump = _bump(rng, xy)
        before, after = _found(finder, image, np.zeros(2)), _found(finder, _bent(image, bump), np.zeros(2))
        if before is None or after is None:
            continue
        moved = _displacement(xy, bump)
        far = np.linalg.norm(moved, axis=1) >= 0.5
        true.append(moved[far].ravel())
        seen.append((after - before)[far].ravel())
    title = f"motion of 0.5–3 px, {source}"
    if not sum(map(len, true)):
        return {title: "no face found"}
    x, y = (np.concatenate(values) for values in (true, seen))
    return {
        f"{title}: slope": f"{(x * y).sum() / (x * x).sum():.3f}",
        f"{title}: correlation": f"{np.corrcoef(x, y)[0, 1]:.3f}",
    }


def nothing_rows(finder: Cnn68, faces: Faces | None) -> dict[str, str]:
    """Faces found where there is none: made-up textures, and parts of photographs next to a face."""
    rng = np.random.default_rng(2)
    pictures = {"textures": [faceless_picture(rng, 240, 320) for _ in range(_EMPTY)]}
    if faces is not None:
        parts = (faceless_part(rng, faces) for _ in range(_EMPTY))
        pictures["background of photographs"] = [np.asarray(cv2.resize(part, (320, 240)), np.uint8) for part in parts]
    return {
        f"false faces, {len(images)} {kind}": f"{np.mean([bool(finder.faces(image)) for image in images]):.2%}"
        for kind, images in pictures.items()
    }


def video_rows(finder: Cnn68, frames: Sequence[Image]) -> dict[str, str]:
    """Frames of a video in which a face is found, searched one by one and followed."""
    alone = np.mean([bool(finder.faces(frame)) for frame in frames])
    last: Landmarks | None = None
    followed, start = 0, time.perf_counter()
    for frame in frames:
        last = (finder.follow(frame, last) if last is not None else None) or next(iter(finder.faces(frame)), None)
        followed += last is not None
    rate = len(frames) / (time.perf_counter() - start)
    return {
        f"video, {len(frames)} frames: found, each searched": f"{alone:.2%}",
        "video: found, followed": f"{followed / len(frames):.2%}",
        "video: frames per second, followed": f"{rate:.0f}",
    }


def speed_rows(finder: Cnn68, faces: Faces) -> dict[str, str]:
    """Milliseconds per frame of 640 × 360 with a face 200 px high, and frames per second."""
    image, xy = faces.images[0], faces.xy[0]
    scale = 200 / np.ptp(xy[:, 1])
    frame = np.full((360, 640), 128, np.uint8)
    shown = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[:360, :640]
    frame[: shown.shape[0], : shown.shape[1]] = shown
    whole = _milliseconds(lambda: finder(frame))
    last = finder(frame)
    near = _milliseconds(lambda: finder.follow(frame, last))
    return {
        "640×360, search and points, ms": f"{whole:.1f}",
        "640×360, search and points, frames per second": f"{1000 / whole:.0f}",
        "points alone, face known, ms": f"{near:.2f}",
    }


def _milliseconds(call: Callable[[], object], times: int = 60) -> float:
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        spent.append(time.perf_counter() - start)
    return float(np.median(spent)) * 1000


def _found(finder: Cnn68, image: Image, shift: Array) -> Array | None:
    try:
        return np.asarray(finder(image).xy - shift, dtype=np.float64)
    except FaceNotFoundError:
        return None


def _enlarged(faces: Faces, count: int) -> list[tuple[Image, Array]]:
    """Return faces, one per person as far as they reach, brought to `_FACE` pixels from brows to chin."""
    chosen = np.unique(faces.subject, return_index=True)[1][:count]
    made = []
    for at in chosen:
        image, xy = faces.images[at], faces.xy[at]
        scale = _FACE / np.ptp(xy[:, 1])
        big = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        ratio = np.array(big.shape[::-1]) / image.shape[::-1]
        made.append((np.asarray(big, dtype=np.uint8), (xy + 0.5) * ratio - 0.5))
    return made


def _view(rng: np.random.Generator, image: Image) -> tuple[Image, Array]:
    """Return the picture shifted by a part of a pixel, with fresh noise and JPEG, and the shift."""
    shift = rng.uniform(-1, 1, 2)
    matrix = np.column_stack([np.eye(2), shift])
    moved = cv2.warpAffine(
        image.astype(np.float32), matrix, image.shape[::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    noisy = np.clip(np.rint(moved + _NOISE * rng.standard_normal(moved.shape)), 0, 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", noisy, (cv2.IMWRITE_JPEG_QUALITY, _JPEG))
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), dtype=np.uint8), shift


def _bump(rng: np.random.Generator, xy: Array) -> Array:
    """Return x, y, σ, dx, dy of a bump at a brow, a mouth corner or a lid, its peak 0.5 to 3 px."""
    place = xy[int(rng.choice((19, 24, 21, 22, 48, 54, 51, 57, 8, 37, 44)))]
    way, peak = rng.uniform(0, 2 * np.pi), np.exp(rng.uniform(np.log(0.5), np.log(3)))
    return np.array([*place, 0.35 * eye_distance(xy), peak * np.cos(way), peak * np.sin(way)])


def _displacement(xy: Array, bump: Array) -> Array:
    x, y, sigma, dx, dy = bump
    weight = np.exp(-((xy - (x, y)) ** 2).sum(axis=-1, keepdims=True) / (2 * sigma**2))
    return np.asarray(weight * (dx, dy))


def _bent(image: Image, bump: Array) -> Image:
    """Return the picture in which every pixel p has moved to p + displacement(p)."""
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]].astype(np.float64)
    target = np.stack([columns, rows], axis=-1)
    source = target
    for _ in range(5):
        source = target - _displacement(source, bump)
    maps = source[..., 0].astype(np.float32), source[..., 1].astype(np.float32)
    return np.asarray(cv2.remap(image, *maps, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), dtype=np.uint8)
