"""How each database names folders, frames and cells: what the writer fills with synthetic clips."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["FORMS", "Form", "Part", "Sheets"]

Sheets = Mapping[str, Sequence[Sequence[object]]]
_EMOTIONS = ("happiness", "surprise", "disgust", "anger", "fear", "sadness", "others")
_SAME = {name: name for name in _EMOTIONS}
_SIGNS = {"happiness": "positive", "surprise": "surprise"} | dict.fromkeys(
    ("disgust", "anger", "fear", "sadness"), "negative"
)
# One synthetic emotion, one objective class: the classes of an export must tell apart what the emotions do.
_OBJECTIVE = {name: number for number, name in enumerate(("happiness", "surprise", "anger", "disgust"), start=1)} | {
    "sadness": 5,
    "fear": 6,
    "others": 7,
}


@dataclass(frozen=True, kw_only=True)
class Part:
    """One clip under the database's names.

    Attributes
    ----------
    subject, number : int
        Which clip of which subject; both count from 1.
    emotion, label : str
        The synthetic class, and the database's word for it.
    action_units : str
        Joined by +.
    onset, apex, offset : int
        In the numbers that the frames get.
    """

    subject: int
    number: int
    emotion: str
    label: str
    action_units: str
    onset: int
    apex: int
    offset: int


@dataclass(frozen=True, kw_only=True)
class Form:
    """The layout of a database.

    Attributes
    ----------
    labels : mapping of str to str
        Synthetic class → the database's word; clips of other classes are not written.
    folder : callable
        Part → folder of its frames under the root; clips with one folder share it, their numbers going on.
    frame : callable
        (part, number) → name of a frame without extension.
    first : int
        Number of the first frame of a folder.
    cut : bool
        Whether a clip begins with its onset and ends with its offset.
    cropped : (str, str) or None
        What a folder's path begins with in the raw and in the cropped variant; None where there is no other.
    tables : callable
        Parts → file name → sheet → rows of cells.
    """

    labels: Mapping[str, str] = field(default_factory=lambda: dict(_SAME))
    folder: Callable[[Part], str]
    frame: Callable[[Part, int], str]
    first: int = 1
    cut: bool = False
    cropped: tuple[str, str] | None = None
    tables: Callable[[Sequence[Part]], Mapping[str, Sheets]] = lambda parts: {}


def _mmew_clip(part: Part) -> str:
    return f"S{part.subject:02d}-{part.number:02d}-001"


def _mmew_label(part: Part) -> str:
    return "repression" if part.label == "others" else part.label


def _mmew_table(parts: Sequence[Part]) -> Mapping[str, Sheets]:
    header = (
        "Subject",
        "Filename",
        "OnsetFrame",
        "ApexFrame",
        "OffsetFrame",
        "Action Units",
        "Estimated Emotion",
        "remarks",
    )
    rows = [(p.subject, _mmew_clip(p), p.onset, p.apex, p.offset, p.action_units, p.label, None) for p in parts]
    return {"MMEW_Micro_Exp.xlsx": {"Sheet1": [header, *rows]}}


def _ep(part: Part) -> str:
    return f"EP{part.number:02d}_01"


def _casme_table(parts: Sequence[Part]) -> Mapping[str, Sheets]:
    header = ("Subject", "Filename", None, "OnsetF", "ApexF1", "ApexF2", "OffsetF", None, "Emotion", "AU")
    rows = [(p.subject, _ep(p), None, p.onset, p.apex, None, p.offset, None, p.label, p.action_units) for p in parts]
    return {"CASME.xlsx": {"Sheet1": [header, *rows]}}


def _casme2_table(parts: Sequence[Part]) -> Mapping[str, Sheets]:
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
    rows = [(p.subject, _ep(p), None, p.onset, p.apex, p.offset, None, p.action_units, p.label) for p in parts]
    classes = [("Subject", "Filename", "Objective Class"), *((p.subject, _ep(p), _OBJECTIVE[p.emotion]) for p in parts)]
    return {
        "CASME2-coding-20140508.xlsx": {"Sheet1": [header, *rows]},
        "CASME2-ObjectiveClasses.xlsx": {"Sheet1": classes},
    }


def _samm_clip(part: Part) -> str:
    return f"{part.subject:03d}_{part.number}_1"


def _samm_table(parts: Sequence[Part]) -> Mapping[str, Sheets]:
    header = (
        *("Subject", "Filename", "Inducement Code", "Onset Frame", "Apex Frame", "Offset Frame", "Duration", "Micro"),
        *("Action Units", "Estimated Emotion", "Objective Classes", "Notes"),
    )
    rows = [
        (
            *(f"{p.subject:03d}", _samm_clip(p), p.number, p.onset, p.apex, p.offset, p.offset - p.onset + 1, "Micro"),
            *(p.action_units, p.label.title(), _OBJECTIVE[p.emotion], None),
        )
        for p in parts
    ]
    above = [("Explanations stand above the table, as in the release",), *[()] * 12]
    return {"SAMM_Micro_FACS_Codes_v2.xlsx": {"MICRO_ONLY": [*above, header, *rows]}}


def _smic_clip(part: Part) -> str:
    return f"s{part.subject}_{ {'negative': 'ne', 'positive': 'po', 'surprise': 'sur'}[part.label] }_{part.number:02d}"


def _sq_video(part: Part) -> str:
    return f"film{part.number:02d}_1"


def _sq_table(parts: Sequence[Part]) -> Mapping[str, Sheets]:
    events = [
        (p.subject, _sq_video(p), p.onset, p.apex, p.offset, p.action_units, p.label, "micro-expression", p.label)
        for p in parts
    ]
    people = sorted({(p.subject, f"s{p.subject + 14}") for p in parts})
    codes = sorted({(_sq_video(p).rsplit("_", 1)[0], f"{p.number:02d}01") for p in parts})
    return {"CAS(ME)^2code_final.xlsx": {"CASFEcode_final": events, "naming rule1": people, "naming rule2": codes}}


def _casme3_file(part: Part) -> str:
    return "abcdefghijklm"[(part.number - 1) // 3]  # a recording holds several events


def _casme3_table(parts: Sequence[Part]) -> Mapping[str, Sheets]:
    header = ("Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion")
    rows = [
        (
            *(f"spNO.{p.subject:02d}", _casme3_file(p), p.onset, p.apex, p.offset, p.action_units),
            *(_OBJECTIVE[p.emotion], p.label),
        )
        for p in parts
    ]
    return {"cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx": {"label": [header, *rows]}}


def _part_c_table(parts: Sequence[Part]) -> Mapping[str, Sheets]:
    header = ("sub", "count", "onset", "offset", "au", "emotion")
    rows = [(f"sub{p.subject:02d}", p.number, p.onset, p.offset, p.action_units, p.label) for p in parts]
    return {"CAS(ME)3_part_C_ME.xlsx": {"mockCrimeME": [header, *rows]}}


def _fourdme_table(parts: Sequence[Part]) -> Mapping[str, Sheets]:
    header = ("sub_ID", "fold_name", "Emotion", "Onset", "Apex", "Offset", "AUs")
    rows = [
        (f"sub{p.subject:02d}", f"clip{p.number:02d}", p.label.title(), p.onset, p.apex, p.offset, p.action_units)
        for p in parts
    ]
    return {"4DME_Labelling_Micro_release v1.xlsx": {"Sheet1": [header, *rows]}}


FORMS: Mapping[str, Form] = {
    "mmew": Form(
        folder=lambda p: f"Micro_Expression/{_mmew_label(p)}/{_mmew_clip(p)}",
        frame=lambda p, n: f"{n}",
        cropped=("Micro_Expression/", "Cropped/"),
        tables=_mmew_table,
    ),
    "mmew_subjects": Form(
        folder=lambda p: f"S{p.subject:02d}/{_mmew_label(p)}/{_mmew_clip(p)}",
        frame=lambda p, n: f"{n}",
        cropped=("", "Cropped/"),
        tables=_mmew_table,
    ),
    "casme": Form(
        labels={**_SAME, "anger": "repression", "others": "tense"},
        folder=lambda p: f"CASME_raw_selected/sub{p.subject:02d}/{_ep(p)}",
        frame=lambda p, n: f"{_ep(p)}-{n:03d}",
        cropped=("CASME_raw_selected/", "Cropped/"),
        tables=_casme_table,
    ),
    "casme2": Form(
        labels={**_SAME, "anger": "repression"},
        folder=lambda p: f"CASME2_RAW_selected/sub{p.subject:02d}/{_ep(p)}",
        frame=lambda p, n: f"img{n}",
        cropped=("CASME2_RAW_selected/", "Cropped/"),
        tables=_casme2_table,
    ),
    "samm": Form(
        labels={**_SAME, "others": "other"},
        folder=lambda p: f"{p.subject:03d}/{_samm_clip(p)}",
        frame=lambda p, n: f"{p.subject:03d}_{n:05d}",
        first=5562,
        cropped=("", "Cropped/"),
        tables=_samm_table,
    ),
    "smic": Form(
        labels=_SIGNS,
        folder=lambda p: f"HS/s{p.subject}/micro/{p.label}/{_smic_clip(p)}",
        frame=lambda p, n: f"image{n:06d}",
        cut=True,
        cropped=("", "SMIC_all_cropped/"),
    ),
    "casme_sq": Form(
        folder=lambda p: f"rawpic/s{p.subject + 14}/{p.subject + 14}_{p.number:02d}01film",
        frame=lambda p, n: f"img{n:03d}",
        cropped=("rawpic/", "cropped/"),
        tables=_sq_table,
    ),
    "casme3": Form(
        folder=lambda p: f"part_A/spNO.{p.subject:02d}/{_casme3_file(p)}/color",
        frame=lambda p, n: f"{n}",
        cropped=("part_A/", "Cropped/"),
        tables=_casme3_table,
    ),
    "casme3_c": Form(
        labels={**_SIGNS, "others": "others"},
        folder=lambda p: f"part_C/sub{p.subject:02d}/color",
        frame=lambda p, n: f"{n}",
        cropped=("part_C/", "Cropped/"),
        tables=_part_c_table,
    ),
    "fourdme": Form(
        labels={**_SIGNS, "anger": "repression", "others": "others"},
        folder=lambda p: f"gray_micro/sub{p.subject:02d}/clip{p.number:02d}",
        frame=lambda p, n: f"{n}",
        cropped=("gray_micro/", "Cropped/"),
        tables=_fourdme_table,
    ),
}
