"""The benches print their tables; what they time is not judged here."""

import pytest

from mer.bench import optimism, tuning
from mer.errors import ConfigError


def test_the_bench_of_tuning_finds_equal_predictions(capsys):
    tuning.run(["clips=60", "features=12", "subjects=6", "classes=3", "folds=2", "trials=3", "workers=1"])
    text = capsys.readouterr().out
    assert "GridSearchCV" in text and "mer, tpe, 3 trials" in text
    assert "equal to the last bit: 1000 of 1000; test clips predicted alike: 20 of 20." in text


def test_the_bench_of_optimism_has_a_column_for_each_way_to_choose(capsys):
    optimism.run(["clips=24", "features=6", "subjects=4", "classes=2", "trials=2", "repeats=1", "workers=1"])
    text = capsys.readouterr().out
    assert "no signal at all" in text and "nested" in text and "Chance is 0.500" in text


@pytest.mark.parametrize("argument", ["fold=2", "folds=two", "folds"])
def test_a_wrong_argument_is_named(argument):
    with pytest.raises(ConfigError, match=f"{argument}: give name=number; there are clips=300"):
        tuning.run([argument])
