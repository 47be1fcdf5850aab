"""Where the frames of a clip lie: names are looked up as they are written, then without case, blanks and zeros."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mer.dataset.names import plain_name, unpadded_name
from mer.errors import ConfigError, DataError
from mer.validation import user_path

__all__ = ["Folders", "database_root"]


def database_root(given: str | None, name: str, title: str) -> Path:
    """Return the folder of a database.

    Parameters
    ----------
    given : str or None
        The setting ``dataset.root``.
    name, title : str
        Of the data set, and of the database as its authors write it.

    Raises
    ------
    ConfigError
        If no root is given.
    DataError
        If there is no such folder.
    """
    if not given:
        raise ConfigError(
            f"dataset.root: where is {title}? Give dataset.root=FOLDER, or set the environment variable "
            f"MER_{name.upper()}_ROOT"
        )
    root = user_path("dataset.root", given)
    if not root.is_dir():
        raise DataError(f"{root}: no such folder; correct dataset.root, the folder of {title}")
    return root


@dataclass(frozen=True)
class Folders:
    """Folders below a root, each listed once.

    Attributes
    ----------
    root : Path
    """

    root: Path
    _children: dict[Path, Mapping[str, Path]] = field(default_factory=dict, repr=False)

    def find(self, templates: Sequence[str], names: Mapping[str, str]) -> Path | None:
        """Return the first folder that exists among ``HS/{subject}/micro/{clip}``, filled with `names`.

        A part that ends in ``*`` means the only folder whose name begins like this.
        """
        for template in templates:
            place: Path | None = self.root
            for part in template.split("/"):
                place = self._child(place, part.format_map(names)) if place is not None else None
            if place is not None:
                return place
        return None

    def listed(self, parent: Path) -> list[Path]:
        """Return the folders directly in a folder, sorted; none where it cannot be listed."""
        return sorted(set(self._of(parent).values()))

    def _child(self, parent: Path, name: str) -> Path | None:
        known = self._of(parent)
        if name.endswith("*"):
            begins = sorted({path for path in known.values() if path.name.casefold().startswith(name[:-1].casefold())})
            return begins[0] if len(begins) == 1 else None
        return known.get(f"={name}") or known.get(f"~{plain_name(name)}") or known.get(f"0{unpadded_name(name)}")

    def _of(self, parent: Path) -> Mapping[str, Path]:
        if parent not in self._children:
            self._children[parent] = _index(parent)
        return self._children[parent]


def _index(parent: Path) -> dict[str, Path]:
    """Return every folder under its name, its plain name and its unpadded name, as far as those are of one alone."""
    try:
        folders = [path for path in parent.iterdir() if not path.name.startswith(".") and path.is_dir()]
    except OSError:
        return {}
    found: dict[str, Path] = {f"={path.name}": path for path in folders}
    for mark, spell in (("~", plain_name), ("0", unpadded_name)):
        names = [spell(path.name) for path in folders]
        once = Counter(names)
        found |= {f"{mark}{n}": path for n, path in zip(names, folders, strict=True) if once[n] == 1}
    return found
