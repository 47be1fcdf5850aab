"""What fits and what is wrong in a data set, each as one finding with the file and the next step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mer.dataset.image_header import image_size, is_transparent
from mer.dataset.media import FrameFolder, VideoFile
from mer.dataset.still import is_constant, pair_numbers, pair_remark
from mer.dataset.twice import listed_twice, signature
from mer.dataset.video import video_index
from mer.errors import DataError
from mer.types import Exclusion, Image, Manifest, Sample
from mer.types.combined import JOIN

__all__ = ["LEVELS", "Finding", "check_manifest", "check_samples"]

Level = Literal["blocks", "warning", "repaired", "skipped", "left out"]
LEVELS: tuple[Level, ...] = ("blocks", "warning", "repaired", "skipped", "left out")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that a user should know.

    Attributes
    ----------
    level : {"blocks", "warning", "repaired", "skipped", "left out"}
        "blocks" stops a run; "repaired" and "skipped" are of patches; "left out" is the protocol's choice.
    clip : str
        Sample id; empty where it concerns more than one.
    what : str
        With the file.
    next_step : str
    """

    level: Level
    clip: str
    what: str
    next_step: str

    @classmethod
    def of(cls, level: Level, clip: str, sentence: str) -> Finding:
        """Make a finding of a sentence whose last clause, after a semicolon, is the next step."""
        what, _, step = sentence.rpartition("; ")
        return cls(level=level, clip=clip, what=what or step, next_step=step if what else "")


def check_manifest(manifest: Manifest) -> list[Finding]:
    """Return what the annotations show: faulty rows, patches, remarks, and what a class or subject lacks."""
    notes = [manifest.notes, *manifest.notes.get("parts", {}).values()]
    found = [_of_exclusion(exclusion) for exclusion in manifest.excluded]
    found += [_of_patch(sentence) for part in notes for sentence in part.get("patches", ())]
    found += [Finding.of("warning", "", remark) for remark in manifest.remarks]
    departures = manifest.notes.get("protocol", {}).get("departures", ())
    found += [Finding.of("warning", "", f"differs from the published protocol: {text}") for text in departures]
    return found + _too_few(manifest)


def check_samples(
    samples: Sequence[Sample],
    needed: Callable[[Sample], Iterable[int]],
    *,
    workers: int,
    advance: Callable[[], None],
) -> list[Finding]:
    """Look into the frames of every clip, several clips side by side.

    Parameters
    ----------
    samples : sequence of Sample
    needed : callable
        Sample → numbers of the frames that a run reads: these are decoded, of the others size and completeness are
        looked at. What is wrong with a frame that no run reads is a warning. No number means ready-made flow.
    workers : int
    advance : callable
        Called after every clip.
    """
    found: list[Finding] = []
    seen: list[str] = []
    with ThreadPoolExecutor(workers) as pool:
        for findings, pictures in pool.map(lambda sample: _check_clip(sample, sorted(set(needed(sample)))), samples):
            found += findings
            seen.append(pictures)
            advance()
    return found + [Finding.of("blocks", clip, text) for clip, text in listed_twice(samples, seen)]


def _of_exclusion(exclusion: Exclusion) -> Finding:
    return Finding.of("blocks" if exclusion.fault else "left out", exclusion.sample_id, exclusion.reason)


def _of_patch(sentence: str) -> Finding:
    done, _, text = sentence.partition(": ")
    return Finding(level="repaired" if done == "repaired" else "skipped", clip="", what=text, next_step="")


def _without(name: str, classes: Sequence[str], manifest: Manifest) -> str:
    """Return the next step for a class that cannot be learnt; where clips have several, none can be dropped."""
    if not manifest.notes.get("protocol", {}).get("combinations"):
        return f"drop it: drop=[{name}]"
    left = ",".join(other for other in classes if other != name)
    return f"leave it out: protocol.classes=[{left}] ~protocol.map.{manifest.samples[0].dataset}.{name}"


def _too_few(manifest: Manifest) -> list[Finding]:
    """Name classes and subjects that leave-one-subject-out cannot use, or can hardly use."""
    combinations = manifest.notes.get("protocol", {}).get("combinations", ())
    whose: dict[str, set[str]] = {name: set() for name in manifest.classes if name not in combinations}
    for sample in manifest.samples:
        for name in sample.label.split(JOIN) if sample.label in combinations else (sample.label,):
            whose.setdefault(name, set()).add(sample.subject)
    clips = Counter(sample.subject for sample in manifest.samples)
    found: list[Finding] = []
    if not clips and manifest.excluded:
        return found  # why there are none is said already
    if len(clips) < 2:
        text = f"{len(clips)} subject has clips that can be used; leave-one-subject-out needs two or more"
        found.append(Finding.of("blocks", "", text))
    for name, subjects in whose.items():
        if len(subjects) < 2:
            who = f"only {min(subjects)} shows it" if subjects else "no clip shows it"
            text = f"class {name}: {who}, so it cannot be learnt when that subject is left out"
            found.append(Finding.of("blocks", "", f"{text}; {_without(name, list(whose), manifest)}"))
    single = sorted(subject for subject, n in clips.items() if n == 1)
    if single:
        text = f"{len(single)} of {len(clips)} subjects have one clip ({', '.join(single[:5])})"
        found.append(Finding.of("warning", "", f"{text}; their folds weigh little, the pooled scores allow for that"))
    return found


def _check_clip(sample: Sample, needed: Sequence[int]) -> tuple[list[Finding], str]:
    """Return what is wrong with a clip, and the `signature` of its pictures."""
    if not needed:
        return _check_flow(sample)
    broken: dict[int, str] = {}
    sizes: dict[int, tuple[int, int]] = {}
    if isinstance(sample.clip, FrameFolder):
        inside = [n for n in sample.clip.frames if sample.onset <= n <= sample.offset]
        for number in sorted({*inside, *(n for n in needed if n in sample.clip.frames)}):
            _look(sample.clip.path(number), number, sizes, broken)
    ends = _decode(sample, needed, sizes, broken)
    read = [broken[number] for number in needed if number in broken]
    others = [text for number, text in broken.items() if number not in needed]
    found = [Finding.of("blocks", sample.id, text) for text in read]
    if isinstance(sample.clip, VideoFile) and not read:
        found += _video_findings(sample, sample.clip)
    if isinstance(sample.clip, FrameFolder) and not read:
        found += _alpha_findings(sample, sample.clip, needed)
    if others:
        more = f" (and {len(others) - 1} more frames of this clip)" if len(others) > 1 else ""
        found.append(Finding.of("warning", sample.id, f"{others[0]}{more}, as the settings read other frames only"))
    still = _pair_findings(sample, ends)
    found += still + _size_findings(sample, needed, sizes)
    return found, signature(ends.values()) if len(ends) > 1 and not still else ""


def _decode(
    sample: Sample, needed: Sequence[int], sizes: dict[int, tuple[int, int]], broken: dict[int, str]
) -> dict[int, Image]:
    """Decode the frames that a run reads; return the first, and the apex or else the last."""
    ends: dict[int, Image] = {}
    for number in (number for number in needed if number not in broken):
        try:
            picture = sample.clip.read(number)
        except DataError as error:
            broken[number] = str(error)
            continue
        sizes[number] = picture.shape[1::-1]
        if number in (needed[0], sample.apex if sample.apex in needed else needed[-1]):
            ends[number] = picture
    return ends


def _pair_findings(sample: Sample, ends: dict[int, Image]) -> list[Finding]:
    if len(ends) < 2 or len({picture.shape[:2] for picture in ends.values()}) > 1:
        return []
    remark = pair_remark(pair_numbers(*ends.values()))
    text = f"{_place(sample)}, frames {' and '.join(map(str, ends))}: {remark}"
    return [Finding.of("warning", sample.id, text)] if remark else []


def _video_findings(sample: Sample, clip: VideoFile) -> list[Finding]:
    index = video_index(clip.file)
    found = [Finding.of("warning", "", remark) for remark in index.remarks]
    last = clip.first + len(index.times) - 1
    if sample.offset > last:
        text = f"offset frame {sample.offset} is not in {clip.file}, whose last frame is {last}; correct the table"
        found.append(Finding.of("warning", sample.id, text))
    return found


def _alpha_findings(sample: Sample, clip: FrameFolder, needed: Sequence[int]) -> list[Finding]:
    seen = [str(clip.path(number)) for number in needed if is_transparent(clip.path(number))]
    text = "has transparent pixels, and is read as if they were opaque; save the frames without an alpha channel"
    return [Finding.of("warning", sample.id, f"{seen[0]} {text}")] if seen else []


def _check_flow(sample: Sample) -> tuple[list[Finding], str]:
    try:
        flow = sample.clip.flow()
    except DataError as error:
        return [Finding.of("blocks", sample.id, str(error))], ""
    if flow is None or not is_constant(flow.uv):
        return [], "" if flow is None else signature([flow.uv])
    text = f"{_place(sample)}: the flow is the same everywhere: there is no motion; copy the file again, or remove it"
    return [Finding.of("warning", sample.id, text)], ""


def _look(path: Path, number: int, sizes: dict[int, tuple[int, int]], broken: dict[int, str]) -> None:
    try:
        sizes[number] = image_size(path)
    except DataError as error:
        broken[number] = str(error)


def _place(sample: Sample) -> str:
    """Return the folder or file of a clip."""
    return str(next((p for name in ("folder", "file", "path") if (p := getattr(sample.clip, name, None))), sample.id))


def _size_findings(sample: Sample, needed: Sequence[int], sizes: dict[int, tuple[int, int]]) -> list[Finding]:
    counts = Counter(sizes.values())
    if len(counts) < 2:
        return []
    usual = counts.most_common(1)[0][0]
    odd = next(number for number, size in sizes.items() if size != usual)
    read = len({sizes[number] for number in needed if number in sizes}) > 1
    text = (
        f"{_place(sample)}: frame {odd} is {sizes[odd][0]}×{sizes[odd][1]} pixels and others are "
        f"{usual[0]}×{usual[1]}; frames of a clip must have one size: crop or resize them alike"
    )
    return [Finding.of("blocks" if read else "warning", sample.id, text)]
