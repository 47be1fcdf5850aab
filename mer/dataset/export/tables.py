"""The annotation tables of the databases: which column each field of a clip is in, and how each names a clip."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter

from mer.dataset.export.part import Part, Sheets

__all__ = [
    "casme2_table",
    "casme3_file",
    "casme3_table",
    "casme_table",
    "dfme_clip",
    "dfme_table",
    "ep_clip",
    "fourdme_table",
    "mmew_clip",
    "mmew_label",
    "mmew_table",
    "part_c_table",
    "samm_clip",
    "samm_table",
    "smic_clip",
    "smic_e_table",
    "sq_table",
    "sub_name",
]

Cell = Callable[[Part], object]
# One synthetic emotion, one objective class: the classes of an export must distinguish what the emotions do.
_OBJECTIVE = {name: number for number, name in enumerate(("happiness", "surprise", "anger", "disgust"), start=1)} | {
    "sadness": 5,
    "fear": 6,
    "others": 7,
}


def _coded(
    file: str, sheet: str, columns: Sequence[tuple[str | None, Cell]], *, header: bool = True, above: int = 0
) -> Callable[[Sequence[Part]], Mapping[str, Sheets]]:
    """Return what makes a workbook of parts: one row per part, and a cell of it in every named column.

    A column without a name is empty; `above` blank lines precede the header, the first of them explained.
    """

    def table(parts: Sequence[Part]) -> Mapping[str, Sheets]:
        lines: list[Sequence[object]] = [()] * above
        if above:
            lines[0] = ("Explanations precede the table, as in the release",)
        if header:
            lines.append(tuple(name for name, _ in columns))
        return {file: {sheet: [*lines, *(tuple(cell(part) for _, cell in columns) for part in parts)]}}

    return table


_subject, _number, _onset, _apex, _offset, _label, _units = map(
    attrgetter, ("subject", "number", "onset", "apex", "offset", "label", "action_units")
)


def _nothing(part: Part) -> None:
    """Leave a cell empty."""


def _objective(part: Part) -> int:
    return _OBJECTIVE[part.emotion]


def sub_name(part: Part) -> str:
    """Return ``sub03``."""
    return f"sub{part.subject:02d}"


def ep_clip(part: Part) -> str:
    """Return ``EP02_01``."""
    return f"EP{part.number:02d}_01"


def _title(part: Part) -> str:
    return part.label.title()


def _has(title: str) -> Cell:
    return lambda part: int(title in _title(part).split("+"))


def mmew_clip(part: Part) -> str:
    """Return ``S03-02-001``."""
    return f"S{part.subject:02d}-{part.number:02d}-001"


def mmew_label(part: Part) -> str:
    """Return the folder of a label: that of others is called repression."""
    return "repression" if part.label == "others" else part.label


mmew_table = _coded(
    "MMEW_Micro_Exp.xlsx",
    "Sheet1",
    [
        ("Subject", _subject),
        ("Filename", mmew_clip),
        ("OnsetFrame", _onset),
        ("ApexFrame", _apex),
        ("OffsetFrame", _offset),
        ("Action Units", _units),
        ("Estimated Emotion", _label),
        ("remarks", _nothing),
    ],
)

casme_table = _coded(
    "CASME.xlsx",
    "Sheet1",
    [
        ("Subject", _subject),
        ("Filename", ep_clip),
        (None, _nothing),
        ("OnsetF", _onset),
        ("ApexF1", _apex),
        ("ApexF2", _nothing),
        ("OffsetF", _offset),
        (None, _nothing),
        ("Emotion", _label),
        ("AU", _units),
    ],
)

_casme2_coding = _coded(
    "CASME2-coding-20140508.xlsx",
    "Sheet1",
    [
        ("Subject", _subject),
        ("Filename", ep_clip),
        (None, _nothing),
        ("OnsetFrame", _onset),
        ("ApexFrame", _apex),
        ("OffsetFrame", _offset),
        (None, _nothing),
        ("Action Units", _units),
        ("Estimated Emotion", _label),
    ],
)
_casme2_classes = _coded(
    "CASME2-ObjectiveClasses.xlsx",
    "Sheet1",
    [("Subject", _subject), ("Filename", ep_clip), ("Objective Class", _objective)],
)


def casme2_table(parts: Sequence[Part]) -> Mapping[str, Sheets]:
    """Return the coding and, in a workbook of its own, the objective classes."""
    return {**_casme2_coding(parts), **_casme2_classes(parts)}


def samm_clip(part: Part) -> str:
    """Return ``003_2_1``."""
    return f"{part.subject:03d}_{part.number}_1"


samm_table = _coded(
    "SAMM_Micro_FACS_Codes_v2.xlsx",
    "MICRO_ONLY",
    [
        ("Subject", lambda p: f"{p.subject:03d}"),
        ("Filename", samm_clip),
        ("Inducement Code", _number),
        ("Onset Frame", _onset),
        ("Apex Frame", _apex),
        ("Offset Frame", _offset),
        ("Duration", lambda p: p.offset - p.onset + 1),
        ("Micro", lambda _: "Micro"),
        ("Action Units", _units),
        ("Estimated Emotion", _title),
        ("Objective Classes", _objective),
        ("Notes", _nothing),
    ],
    above=13,
)


def smic_clip(part: Part) -> str:
    """Return ``s3_ne_02``."""
    return f"s{part.subject}_{ {'negative': 'ne', 'positive': 'po', 'surprise': 'sur'}[part.label] }_{part.number:02d}"


smic_e_table = _coded(
    "HS_long/SMIC-HS-E_annotation.xlsx",
    "HS",
    [
        ("Subject", _subject),
        ("Filename", smic_clip),
        ("OnsetF", _onset),
        ("OffsetF", _offset),
        ("Onset2F", _nothing),
        ("Offset2F", _nothing),
        ("Emotion", _label),
    ],
)


def _sq_video(part: Part) -> str:
    return f"film{part.number:02d}_1"


_sq_events = _coded(
    "CAS(ME)^2code_final.xlsx",
    "CASFEcode_final",
    [
        *((None, cell) for cell in (_subject, _sq_video, _onset, _apex, _offset, _units, _label)),
        (None, lambda _: "micro-expression"),
        (None, _label),
    ],
    header=False,
)


def sq_table(parts: Sequence[Part]) -> Mapping[str, Sheets]:
    """Return the events, and the sheets that translate subjects and videos into the names of folders."""
    people = sorted({(p.subject, f"s{p.subject + 14}") for p in parts})
    codes = sorted({(_sq_video(p).rsplit("_", 1)[0], f"{p.number:02d}01") for p in parts})
    return {
        name: {**sheets, "naming rule1": people, "naming rule2": codes} for name, sheets in _sq_events(parts).items()
    }


def casme3_file(part: Part) -> str:
    """Return the recording of a clip; it holds several events."""
    return "abcdefghijklm"[(part.number - 1) // 3]


casme3_table = _coded(
    "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx",
    "label",
    [
        ("Subject", lambda p: f"spNO.{p.subject:02d}"),
        ("Filename", casme3_file),
        ("Onset", _onset),
        ("Apex", _apex),
        ("Offset", _offset),
        ("AU", _units),
        ("Objective class", _objective),
        ("emotion", _label),
    ],
)

part_c_table = _coded(
    "CAS(ME)3_part_C_ME.xlsx",
    "mockCrimeME",
    [
        ("sub", sub_name),
        ("count", _number),
        ("onset", _onset),
        ("offset", _offset),
        ("au", _units),
        ("emotion", _label),
    ],
)

fourdme_table = _coded(
    "4DME_Labelling_Micro_release v1.xlsx",
    "Sheet1",
    [
        ("sub_ID", sub_name),
        ("fold_name", lambda p: f"clip{p.number:02d}"),
        ("Emotion", _title),
        ("Onset", _onset),
        ("Apex", _apex),
        ("Offset", _offset),
        ("AUs", _units),
        *((name, _has(name)) for name in ("Positive", "Negative", "Surprise", "Repression", "Others")),
    ],
)


def dfme_clip(part: Part) -> str:
    """Return ``sub0003_02``."""
    return f"sub{part.subject:04d}_{part.number:02d}"


dfme_table = _coded(
    "train_data/coding.xlsx",
    "Sheet1",
    [
        ("Subject", lambda p: f"sub{p.subject:04d}"),
        ("Filename", dfme_clip),
        ("OnsetFrame", _onset),
        ("ApexFrame", _apex),
        ("OffsetFrame", _offset),
        ("AUs", _units),
        ("Emotion", _label),
    ],
)
