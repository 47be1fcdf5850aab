"""The forest of F1 of a spotting study."""

from __future__ import annotations

import pytest

from mer.report.figures import style
from mer.report.figures.f1_forest import f1_forest


@pytest.mark.parametrize("length", [4, 30, 70])
def test_the_label_of_the_axis_is_inside_the_figure_however_long_the_names_are(length: int) -> None:
    with style.styled():
        figure = f1_forest(["x" * length, "b"], [(0.5, 0.4, 0.6), (0.2, 0.1, 0.3)], "F1 together")
        figure.draw_without_rendering()
    label = figure.axes[0].xaxis.label.get_window_extent()
    assert label.x0 >= 0 and label.x1 <= figure.bbox.x1
