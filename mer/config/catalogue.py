"""Location and options of the config files; without Hydra, so that `--help` is fast."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from mer.config.option_file import Setting, header_of, parts_of, settings_of
from mer.config.ranges import ranges

__all__ = [
    "ABOUT",
    "OF_OTHERS",
    "Option",
    "conf_dir",
    "default_option",
    "general_settings",
    "groups",
    "option",
    "options",
    "options_in_detail",
    "settings",
    "task_of_study",
]


# Groups of mer spot, mer run task=spot, mer landmarks, mer train and mer predict.
OF_OTHERS = ("spotter", "task", "temporal", "train", "trust")

# What each group chooses.
ABOUT = {
    "dataset": "the clips or long videos, and where their files are",
    "frames": "which frames of a clip are read",
    "landmarks": "how the face and its 68 points are found",
    "align": "how every face is brought to the same place and size",
    "flow": "how the motion of every pixel is estimated",
    "sequence": "of frames=sequence: how the flow to each frame is computed",
    "motion": "how the motion of the head is removed",
    "roi": "the regions that the face is divided into",
    "descriptor": "how the motion of the regions becomes a row of numbers",
    "codes": "whether a dictionary that each fold learns recodes the rows",
    "svm": "the support vector machine",
    "classifier": "another classifier in its place, as a baseline",
    "tuning": "how the settings of the classifier are searched",
    "evaluation": "which subjects are held out, and the statistics",
    "protocol": "the classes and the clips that count",
    "tracking": "where MLflow keeps the runs",
    "experiment": "ready-made studies: +experiment=NAME",
    "task": "recognise clips, or find expressions in long videos",
    "spotter": "of mer spot and task=spot: when the face shows an expression",
    "temporal": "of mer landmarks: how the points are followed through a video",
    "trust": "of mer predict: when a prediction is flagged",
    "train": "of mer train: which network is trained",
}

_SOURCE = re.compile(r"doi:10\.[^\s,;]+|https?://[^\s,;]+|arXiv:[\d.]+\d")
_SHORT = ("al", "Trans", "Math", "Probl", "Eng", "Int", "Proc", "J", "vs")  # words with a full stop inside a sentence


@dataclass(frozen=True, kw_only=True)
class Option:
    """One option of a group, as its YAML file describes it.

    Attributes
    ----------
    group, name : str
        ``group=name`` on the command line.
    lines : tuple of str
        The comment at the top of the file.
    target : str
        Dotted name of the class that is built; empty for an option that sets no component, such as an experiment.
    settings : tuple of Setting
        In the order of the file, with those of the options that it begins with.
    parts : dict of str to (str, str)
        Place in the option -> group and option that is used there.
    own : bool
        Whether the file is in a user's folder, ``--config-dir``.
    """

    group: str
    name: str
    lines: tuple[str, ...]
    target: str
    settings: tuple[Setting, ...]
    parts: dict[str, tuple[str, str]]
    own: bool = False

    @property
    def text(self) -> str:
        """The comment at the top of the file, on one line."""
        return re.sub(r"(doi:\S*\w) (?=[A-Z])", r"\1. ", " ".join(self.lines))

    @property
    def sentence(self) -> str:
        """The first sentence of `text`; of an experiment, its question."""
        text = self.text.removeprefix("Question: ").partition(" Command: ")[0]
        text = text[:1].upper() + text[1:] if self.text.startswith("Question: ") else text
        for stop in re.finditer(r"[.?]\s+(?=[A-Z+`]|\w+[_.=]\w)", text):
            if text[: stop.start()].rpartition(" ")[2].strip("(,") not in _SHORT:
                return text[: stop.end()].strip().rstrip(".")
        return text.rstrip(".")

    @property
    def source(self) -> str:
        """The first DOI, arXiv number or address in `text`; empty for none."""
        found = _SOURCE.search(self.text)
        return found.group().rstrip(".:)") if found else ""


def conf_dir() -> Path:
    """Return the folder ``conf/``: inside the installed package, or at the top of the checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "conf"
    return inside if inside.is_dir() else package.parent / "conf"


def options(group: str, config_dir: Path | None = None) -> tuple[str, ...]:
    """Return the options of a config group, sorted, with those in a user's folder; empty for an unknown group."""
    folders = filter(None, (conf_dir(), config_dir))
    return tuple(sorted({path.stem for folder in folders for path in (folder / group).glob("*.yaml")}))


def option(group: str, name: str, config_dir: Path | None = None) -> Option:
    """Return everything that the file of an option says.

    Parameters
    ----------
    group, name : str
        Both must exist: one of `groups` or `OF_OTHERS`, and one of its `options`.
    config_dir : Path, optional
        A user's folder with further options. As in Hydra, the file of `conf/` wins where both have one.
    """
    places = [folder / group / f"{name}.yaml" for folder in (conf_dir(), config_dir) if folder]
    file = next(place for place in places if place.exists())
    found = re.search(r"^_target_: *([\w.]+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    target = found.group(1) if found else _inherited_target(file)
    limits = ranges(target)
    return Option(
        group=group,
        name=name,
        lines=header_of(file),
        target=target,
        settings=tuple(replace(one, range=limits.get(one.name, "")) for one in settings_of(file)),
        parts=parts_of(file),
        own=file.parents[1] != conf_dir(),
    )


def task_of_study(name: str, config_dir: Path | None = None) -> str:
    """Return the task that an option of ``experiment`` chooses; empty if it chooses none or does not exist."""
    places = (folder / "experiment" / f"{name}.yaml" for folder in (conf_dir(), config_dir) if folder)
    file = next((place for place in places if place.exists()), None)
    found = file and re.search(r"^ *- override /task: *(\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    return found.group(1) if found else ""


def options_in_detail(group: str, config_dir: Path | None = None) -> tuple[Option, ...]:
    """Return the options of a group, sorted by name, each with its text, source and settings."""
    return tuple(option(group, name, config_dir) for name in options(group, config_dir))


def default_option(group: str) -> str:
    """Return the option that `mer run` uses by default; empty for a group of other commands."""
    found = re.search(rf"^ *- {group}: (\w+)", "\n".join(_defaults()), re.MULTILINE)
    return found.group(1) if found else ""


def general_settings() -> tuple[Setting, ...]:
    """Return the settings of `mer run` that belong to no group, such as ``seed`` and ``sweep.plan``."""
    return tuple(one for one in settings_of(conf_dir() / "config.yaml") if not one.name.startswith("hydra"))


def groups() -> dict[str, tuple[str, ...]]:
    """Return every config group of a run with its options, in the order of the pipeline, then the others."""
    first = [line.split("- ")[1].split(":")[0] for line in _defaults() if "override" not in line and ":" in line]
    first.sort(key=lambda group: group != "dataset")  # last in the defaults list, to override other groups
    for late in ("svm", "codes"):  # before the descriptor in the defaults list, for the same reason
        first.remove(late)
        first.insert(first.index("descriptor") + 1, late)
    rest = sorted(path.name for path in conf_dir().iterdir() if path.is_dir() and path.name not in (*first, *OF_OTHERS))
    return {group: options(group) for group in [*first, *rest]}


def _defaults() -> list[str]:
    text = (conf_dir() / "config.yaml").read_text(encoding="utf-8")
    block = text.split("defaults:", 1)[1].split("\n\n", 1)[0]
    return [line for line in block.splitlines() if line.strip().startswith("- ")]


def _inherited_target(file: Path) -> str:
    """Return the class of the option that this one begins with, as ``- similarity``."""
    for base in re.findall(r"^ +- (\w+)$", file.read_text(encoding="utf-8"), re.MULTILINE):
        other = file.with_name(f"{base}.yaml")
        if other != file and other.exists():
            return option(file.parent.name, base).target
    return ""


def settings(group: str) -> tuple[str, ...]:
    """Return the top-level settings of the options of a group, sorted."""
    found: set[str] = set()
    for path in (conf_dir() / group).glob("*.yaml"):
        found.update(re.findall(r"^([A-Za-z]\w*):", path.read_text(encoding="utf-8"), re.MULTILINE))
    return tuple(sorted(found - {"defaults"}))
