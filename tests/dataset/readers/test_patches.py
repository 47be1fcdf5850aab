"""Known mistakes: planted, each is repaired or left out with its reason; nothing else is touched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import openpyxl
import pytest

import mer
from mer.dataset.readers.patches import Patch, apply_patches, load_patches
from mer.dataset.tables import Row

DATABASES = ("mmew", "casme", "casme2", "samm", "casme3", "fourdme")
ALL = [
    pytest.param(database, patch, id=f"{database} {patch.what}")
    for database in DATABASES
    for patch in load_patches(database, "default")
    if patch.new != "withdrawn"
]
WITHDRAWN = [patch for patch in load_patches("casme3", "default") if patch.new == "withdrawn"]


def row(patch: Patch, number: int = 2, /, **cells: str) -> Row:
    """Return the row that a patch is about, sound but for what is given."""
    onset = patch.onset or "100"
    sound = {"onset": onset, "apex": "200", "offset": "300", "action_units": "4", "label": "others"}
    names = {"subject": patch.subject, "clip": patch.clip}
    return Row(where=f"row {number} of x.xlsx", cells={**sound, **names, **cells})


def wrong(patch: Patch) -> str:
    if patch.old != "invalid":
        return patch.old
    return "L4 or R4" if patch.field == "action_units" else "/"


@pytest.mark.parametrize(("database", "patch"), ALL)
def test_a_planted_mistake_is_repaired_once(database: str, patch: Patch) -> None:
    (mended,), report = apply_patches([row(patch, **{patch.field: wrong(patch)})], [patch])
    assert mended[patch.field] == patch.new
    (said,) = report
    assert said.startswith(f"repaired: {patch.what} {wrong(patch)} → {patch.new} in row 2 of x.xlsx; {patch.reason}")
    again, report = apply_patches([mended], [patch])
    if patch.onset in ("", mended["onset"]) and patch.field != "offset":
        assert again == (mended,)


@pytest.mark.parametrize(("database", "patch"), ALL)
def test_a_copy_without_the_mistake_is_left_as_it_is(database: str, patch: Patch) -> None:
    sound = row(patch)
    after, report = apply_patches([sound], [patch])
    if patch.field == "onset":
        sound = row(patch, onset="7")
        after, report = apply_patches([sound], [patch])
    assert after == (sound,)
    assert report[0].startswith("skipped: ")


def patch(**fields: str) -> Patch:
    usual = {"subject": "sub01", "clip": "EP01_1", "onset": "", "field": "apex", "old": "invalid", "new": "150"}
    return Patch(**{**usual, "reason": "r", "source": "s", **fields})


@pytest.mark.parametrize(
    ("cells", "field", "repaired"),
    [
        ({"apex": "100"}, "apex", True),
        ({"apex": "300"}, "apex", True),
        ({"apex": "301"}, "apex", True),
        ({"apex": "99"}, "apex", True),
        ({"apex": ""}, "apex", True),
        ({"apex": "101"}, "apex", False),
        ({"apex": "299"}, "apex", False),
        ({"offset": "200"}, "offset", True),
        ({"offset": "201"}, "offset", False),
        ({"onset": "200"}, "onset", True),
        ({"onset": "199"}, "onset", False),
    ],
)
def test_invalid_means_out_of_the_order_of_the_three(cells: dict[str, str], field: str, repaired: bool) -> None:
    mistake = patch(field=field)
    _, report = apply_patches([row(mistake, **cells)], [mistake])
    assert report[0].startswith("repaired" if repaired else "skipped")


def test_names_match_without_zeros_and_case_and_two_rows_are_never_guessed_between() -> None:
    mistake = patch()
    one = row(mistake, subject="Sub1", clip="ep1_01", apex="/")
    assert apply_patches([one], [mistake])[0][0]["apex"] == "150"
    both, report = apply_patches([one, row(mistake, 3, apex="/")], [mistake])
    assert [r["apex"] for r in both] == ["/", "/"]
    assert "the clip has 2 rows" in report[0]


def test_patches_of_other_clips_share_a_sentence() -> None:
    _, report = apply_patches([row(patch())], [patch(clip="a"), patch(clip="b")])
    assert report == ("skipped: 2 known mistakes are of clips that the table does not hold, the first sub01/a: apex",)


def frames(folder: Path, name: str, numbers: set[int]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    data = cv2.imencode(".png", np.zeros((4, 4), np.uint8))[1].tobytes()
    for number in numbers:
        (folder / name.format(number)).write_bytes(data)


def workbook(path: Path, sheet: str, rows: list[tuple[Any, ...]]) -> None:
    book = openpyxl.Workbook()
    book.active.title = sheet  # type: ignore[union-attr]
    for cells in rows:
        book.active.append(cells)  # type: ignore[union-attr]
    book.save(path)


def test_the_mistakes_of_casme2_are_repaired_in_a_database(tmp_path: Path) -> None:
    header = (
        "Subject",
        "Filename",
        None,
        "OnsetFrame",
        "ApexFrame",
        "OffsetFrame",
        None,
        "Action Units",
        "Estimated Emotion",
    )
    apexes = {(p.subject, p.clip): int(p.new) for p in load_patches("casme2", "default") if p.field == "apex"}
    rows = []
    for (subject, clip), apex in apexes.items():
        offset = 68 if (subject, clip) == ("sub07", "EP06_01") else apex + 30
        rows.append((int(subject[3:]), clip, None, apex - 20, "/", offset, None, 4, "disgust"))
        frames(tmp_path / "CASME2_RAW_selected" / subject / clip, "img{}.jpg", set(range(apex - 20, apex + 31)))
    workbook(tmp_path / "CASME2-coding-20140508.xlsx", "Sheet1", [header, *rows])
    manifest = mer.component("dataset", "casme2", root=str(tmp_path)).load()
    assert not manifest.excluded
    assert {tuple(s.id.split("_", 1)): s.apex for s in manifest.samples} == apexes
    assert next(s.offset for s in manifest.samples if s.id == "sub07_EP06_01") == 91
    assert len([said for said in manifest.notes["patches"] if said.startswith("repaired: ")]) == 21
    bare = mer.component("dataset", "casme2", root=str(tmp_path), patches=None).load()
    assert not bare.samples and all("apex is missing (/)" in e.reason or "is after" in e.reason for e in bare.excluded)


def test_the_mistakes_of_casme3_are_repaired_or_left_out_with_their_reason(tmp_path: Path) -> None:
    header = ("Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion")
    rows = [
        ("spNO.149", "d", 112, 83, 190, "4", 3, "disgust"),
        ("spNO.216", "d", 3647, 2660, 2670, "4", 3, "disgust"),
        ("spNO.214", "c", 5, 20, 3460, "4，7", 3, "anger"),
        ("spNO.40", "e", 1812, 1830, 0, "1", 2, "surprise"),
        ("spNO.40", "e", 2327, 2350, 0, "1", 2, "surprise"),
        ("spNO.216", "e", 0, 0, 20, "1", 2, "surprise"),
    ]
    numbers = {("spNO.149", "d"): (112, 190), ("spNO.216", "d"): (2647, 2670), ("spNO.214", "c"): (5, 34)}
    numbers |= {("spNO.40", "e"): (1812, 2403), ("spNO.216", "e"): (1, 20)}
    for (subject, clip), (first, last) in numbers.items():
        frames(tmp_path / "part_A" / subject / clip / "color", "{}.jpg", set(range(first, last + 1)))
    workbook(tmp_path / "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx", "label", [header, *rows])
    manifest = mer.component("dataset", "casme3", root=str(tmp_path)).load()
    found = {s.id: (s.onset, s.apex, s.offset) for s in manifest.samples}
    assert found == {
        "spNO.149_d_00112": (112, 167, 190),
        "spNO.216_d_02647": (2647, 2660, 2670),
        "spNO.214_c_00005": (5, 20, 34),
        "spNO.40_e_01812": (1812, 1830, 1845),
        "spNO.40_e_02327": (2327, 2350, 2403),
    }
    (left_out,) = manifest.excluded
    assert "apex and onset are both frame 1: there is no motion between them" in left_out.reason
    assert manifest.samples[2].clip.action_units == "4,7"


def test_the_mistakes_of_samm_are_repaired_and_a_repaired_copy_keeps_its_values(tmp_path: Path) -> None:
    header = ("Subject", "Filename", "Onset Frame", "Apex Frame", "Offset Frame", "Action Units", "Estimated Emotion")
    rows = [
        ("013", "013_1_9", 5700, 5720, 5573, "4", "Anger"),
        ("028", "028_4_1", 1090, 9999, 1130, "4", "Anger"),
        ("032", "032_3_1", 4920, 4930, 4990, "4", "Other"),
        (7, "007_6_1", 10, 12, 20, "R12 or R15", "Contempt"),
    ]
    for subject, clip, onset, _, offset, *_ in rows:
        folder = tmp_path / str(subject).zfill(3) / clip
        frames(folder, "{:05d}.jpg", set(range(onset, max(onset + 41, offset + 1))))
    above = [("explanation",)] * 13
    workbook(tmp_path / "SAMM_Micro_FACS_Codes_v2.xlsx", "MICRO_ONLY", [*above, header, *rows])
    found = {s.id: s for s in mer.component("dataset", "samm", root=str(tmp_path)).load().samples}
    assert found["013_1_9"].offset == 5739
    assert found["028_4_1"].apex == 1105
    assert found["032_3_1"].apex == 4930
    assert found["007_6_1"].clip.action_units == "R12+R15"
    assert found["007_6_1"].subject == "samm/007"


def test_rows_that_the_authors_took_out_of_the_second_version_are_faults_in_the_first() -> None:
    assert len(WITHDRAWN) == 11
    first = [row(patch, number, onset=patch.onset, label=patch.old) for number, patch in enumerate(WITHDRAWN, start=2)]
    after, report = apply_patches(first, WITHDRAWN)
    assert report == ()
    assert all(str(r.faults["label"]).startswith(f"label {r['label']}: wrongly labelled as a micro-") for r in after)
    assert apply_patches([], WITHDRAWN) == ((), ())  # as in the second version


def test_a_clip_of_the_first_version_is_named_by_the_check(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.title = "label"
    sheet.append(["Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion"])
    sheet.append(["spNO.144", "k", 289, 485, 1294, "12+10+38", "VII", "happy"])
    book.save(tmp_path / "cas(me)3_part_A_ME_label.xlsx")
    manifest = mer.component("dataset", "casme3", root=str(tmp_path)).load()
    (fault,) = manifest.excluded
    assert "spNO.144_k_00289: label happy: wrongly labelled as a micro-expression in the first version" in fault.reason
    assert fault.reason.endswith("; leave the clip out")
