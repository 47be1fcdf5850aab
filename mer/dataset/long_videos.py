"""What the data sets of long videos share."""

from __future__ import annotations

from typing import ClassVar, Literal, NoReturn

from mer.errors import ConfigError

__all__ = ["LongVideos"]


class LongVideos:
    """A data set of long videos, for spotting: it has ``recordings()``, and no clips."""

    clips: ClassVar[str]
    """Option of ``dataset`` that holds clips of the same kind."""

    @property
    def entry(self) -> Literal["frames"]:
        """Long videos have frames."""
        return "frames"

    def load(self) -> NoReturn:
        """Refuse: commands that work on clips cannot use long videos.

        Raises
        ------
        ConfigError
        """
        name = self.name  # type: ignore[attr-defined]  # a field of some data sets, a constant of others
        raise ConfigError(
            f"dataset={name}: it holds long videos, and this command works on clips; use mer run task=spot, or "
            f"dataset={self.clips} for clips"
        )
