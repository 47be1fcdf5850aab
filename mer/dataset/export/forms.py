"""How each database names folders and frames: what the writer fills with synthetic clips."""

from __future__ import annotations

from collections.abc import Mapping

from mer.dataset.export import tables
from mer.dataset.export.part import EMOTIONS, Form
from mer.dataset.export.tables import (
    casme3_file,
    dfme_clip,
    ep_clip,
    mmew_clip,
    mmew_label,
    samm_clip,
    smic_clip,
    sub_name,
)

__all__ = ["FORMS"]

_SAME = {name: name for name in EMOTIONS}
_SIGNS = {"happiness": "positive", "surprise": "surprise"} | dict.fromkeys(
    ("disgust", "anger", "fear", "sadness"), "negative"
)

FORMS: Mapping[str, Form] = {
    "mmew": Form(
        folder=lambda p: f"Micro_Expression/{mmew_label(p)}/{mmew_clip(p)}",
        frame=lambda p, n: f"{n}",
        cropped=("Micro_Expression/", "Cropped/"),
        tables=tables.mmew_table,
    ),
    "mmew_subjects": Form(
        folder=lambda p: f"S{p.subject:02d}/{mmew_label(p)}/{mmew_clip(p)}",
        frame=lambda p, n: f"{n}",
        cropped=("", "Cropped/"),
        tables=tables.mmew_table,
    ),
    "casme": Form(
        labels={**_SAME, "anger": "repression", "others": "tense"},
        folder=lambda p: f"CASME_raw_selected/{sub_name(p)}/{ep_clip(p)}",
        frame=lambda p, n: f"{ep_clip(p)}-{n:03d}",
        cropped=("CASME_raw_selected/", "Cropped/"),
        tables=tables.casme_table,
    ),
    "casme2": Form(
        labels={**_SAME, "anger": "repression"},
        folder=lambda p: f"CASME2_RAW_selected/{sub_name(p)}/{ep_clip(p)}",
        frame=lambda p, n: f"img{n}",
        cropped=("CASME2_RAW_selected/", "Cropped/"),
        tables=tables.casme2_table,
    ),
    "samm": Form(
        labels={**_SAME, "others": "other"},
        folder=lambda p: f"{p.subject:03d}/{samm_clip(p)}",
        frame=lambda p, n: f"{p.subject:03d}_{n:05d}",
        first=5562,
        cropped=("", "Cropped/"),
        tables=tables.samm_table,
    ),
    "smic": Form(
        labels=_SIGNS,
        folder=lambda p: f"HS/s{p.subject}/micro/{p.label}/{smic_clip(p)}",
        frame=lambda p, n: f"image{n:06d}",
        cut=True,
        cropped=("", "SMIC_all_cropped/"),
    ),
    "smic_e": Form(
        labels=_SIGNS,
        folder=lambda p: f"HS_long/SMIC-HS-E/s{p.subject:02d}/{smic_clip(p)}",
        frame=lambda p, n: f"image{n:06d}",
        first=308866,
        tables=tables.smic_e_table,
    ),
    "casme_sq": Form(
        folder=lambda p: f"rawpic/s{p.subject + 14}/{p.subject + 14}_{p.number:02d}01film",
        frame=lambda p, n: f"img{n:03d}",
        cropped=("rawpic/", "cropped/"),
        tables=tables.sq_table,
    ),
    "casme3": Form(
        folder=lambda p: f"part_A/spNO.{p.subject:02d}/{casme3_file(p)}/color",
        frame=lambda p, n: f"{n}",
        cropped=("part_A/", "Cropped/"),
        tables=tables.casme3_table,
    ),
    "casme3_c": Form(
        labels={**_SIGNS, "others": "others"},
        folder=lambda p: f"part_C/{sub_name(p)}/color",
        frame=lambda p, n: f"{n}",
        cropped=("part_C/", "Cropped/"),
        tables=tables.part_c_table,
    ),
    "fourdme": Form(
        labels={**_SIGNS, "anger": "repression", "fear": "surprise+negative", "others": "others"},
        folder=lambda p: f"gray_micro/{sub_name(p)}/clip{p.number:02d}",
        frame=lambda p, n: f"{n}",
        cropped=("gray_micro/", "Cropped/"),
        tables=tables.fourdme_table,
    ),
    "dfme": Form(
        labels={name: name for name in EMOTIONS if name != "others"},
        folder=lambda p: f"train_data/{dfme_clip(p)}",
        frame=lambda p, n: f"{n:05d}",
        first=0,
        cropped=("train_data/", "Cropped/"),
        tables=tables.dfme_table,
    ),
}
