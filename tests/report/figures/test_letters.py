"""Letters that the first font lacks: another font, or one sentence."""

import warnings

import matplotlib as mpl
import pytest

from mer.report.figures import letters
from mer.report.figures.style import empty


def test_missing_letters_are_named_once_and_other_warnings_pass(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(letters, "_said", set())
    monkeypatch.setattr(letters, "_WIDE", ())
    for _ in range(2):
        with pytest.warns(UserWarning, match="^another$"), letters.any_letter():
            figure = empty(1, 1)
            figure.suptitle("悲伤 a")
            figure.draw_without_rendering()
            warnings.warn("another", stacklevel=1)
    assert capsys.readouterr().err.splitlines() == [
        "mer: figures show boxes for 悲伤, which no font of this machine has; install one that does, such as Noto Sans "
        "CJK SC, and run the command again"
    ]
    with letters.any_letter():
        figure = empty(1, 1)
        figure.suptitle("悲喜")
        figure.draw_without_rendering()
    assert "boxes for 喜, which" in capsys.readouterr().err


def test_a_font_of_the_machine_fills_in(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Letters that the first font lacks come from another font of the machine."""
    monkeypatch.setattr(letters, "_WIDE", ("no such font", "STIXGeneral"))
    with letters.any_letter():
        assert mpl.rcParams["font.family"][-1] == "STIXGeneral"
        figure = empty(1, 1)
        figure.suptitle("\N{MATHEMATICAL BOLD SMALL A}")
        figure.draw_without_rendering()
    assert capsys.readouterr().err == ""
    assert "STIXGeneral" not in mpl.rcParams["font.family"]
