"""The benches print their tables; what they time is not judged here."""

import pytest

from mer.bench import optimism, tuning
from mer.errors import ConfigError

SMALL = ["clips=60", "features=12", "subjects=6", "classes=3", "folds=1", "trials=3"]


def test_the_bench_of_tuning_finds_equal_predictions_and_means_over_data_sets(capsys):
    tuning.run([*SMALL, "seeds=2"])
    text = capsys.readouterr().out
    assert "equal to the last bit: 1000 of 1000; test clips predicted alike: 20 of 20." in text
    lines = [line.strip("| ").split(" | ") for line in text.splitlines()]
    rows = {cells[0]: cells[-2:] for cells in lines if len(cells) == 7}
    assert rows["GridSearchCV"] == rows["mer, same grid"]  # the search that leaves trials early finds the same best one
    assert rows["GridSearchCV"][1] == "+0.0000 ± 0.0000"
    (first, second) = [float(cells[2]) - float(cells[1]) for cells in lines if cells[0] in ("0", "1")]
    mean, error = (float(number) for number in rows["mer, tpe, 3 trials"][1].split(" ± "))
    assert (mean, error) == pytest.approx(((first + second) / 2, abs(first - second) / 2), abs=2e-4)


def test_the_searches_of_the_bench_take_turns_in_every_fold(capsys, monkeypatch):
    turns = []
    monkeypatch.setattr(tuning, "_timed", lambda work: turns.append(work.func.__name__) or (work(), 1.0, 1.0))
    tuning.run([*SMALL, "seeds=1", "clips=30", "subjects=5"])
    assert turns == ["_grid_search", *["run_fold"] * 4] * 2  # the warm-up, and one fold
    assert "| +0.0000 |" in capsys.readouterr().out  # one data set has no standard error


def test_the_bench_of_optimism_has_a_column_for_each_way_to_choose(capsys):
    optimism.run(["clips=24", "features=6", "subjects=4", "classes=2", "trials=2", "repeats=1", "workers=1"])
    text = capsys.readouterr().out
    assert "no signal at all" in text and "nested" in text and "Chance is 0.500" in text


@pytest.mark.parametrize("argument", ["fold=2", "folds=two", "folds", "folds=0", "folds=²"])
def test_a_wrong_argument_is_named(argument):
    with pytest.raises(ConfigError, match=f"{argument}: give name=number, 1 or more; there are clips=300"):
        tuning.run([argument])
