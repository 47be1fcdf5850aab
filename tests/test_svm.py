import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from mer.errors import ConfigError, DataError
from mer.svm import Svm
from tests.tables import blobs

SETTINGS = {"kernel": "rbf", "C": 10.0, "gamma": 1.0, "class_weight": "none", "scaling": "standard", "tolerance": 1e-3}


def svm(**changes):
    return Svm(**{**SETTINGS, **changes})


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
@pytest.mark.parametrize("class_weight", ["none", "balanced"])
def test_equals_the_plain_pipeline(kernel, class_weight):
    data = blobs()
    X, new = data.X[:24].astype(np.float64), data.X[24:].astype(np.float64)
    plain = make_pipeline(
        StandardScaler(),
        SVC(
            kernel=kernel,
            C=3,
            gamma="scale",
            class_weight=None if class_weight == "none" else "balanced",
            break_ties=True,
        ),
    ).fit(X, data.y[:24])
    ours = svm(kernel=kernel, C=3.0, class_weight=class_weight)(X, data.y[:24], 3)
    np.testing.assert_allclose(ours.scores(new), plain.decision_function(new), rtol=1e-12)
    np.testing.assert_array_equal(ours.scores(new).argmax(axis=1), plain.predict(new))


def test_gamma_does_not_depend_on_the_unit_of_the_features():
    data = blobs()
    pixels, microns = (svm(scaling="none")(data.X * unit, data.y, 3).scores(data.X * unit) for unit in (1, 1000))
    np.testing.assert_allclose(pixels, microns, rtol=1e-4)


def test_unscaled_features_are_left_alone():
    data = blobs()
    stretched = data.X * np.array([100] + [1] * 7)
    scaled, raw = (svm(scaling=s)(stretched, data.y, 3).scores(stretched) for s in ("standard", "none"))
    assert np.abs(scaled - raw).max() > 0.1


def test_a_class_that_was_not_seen_has_no_score():
    data = blobs()
    seen = data.y != 1
    scores = svm()(data.X[seen], data.y[seen], 3).scores(data.X)
    assert np.isnan(scores[:, 1]).all() and np.isfinite(scores[:, [0, 2]]).all()
    np.testing.assert_allclose(scores[:, 0], -scores[:, 2])


def test_a_constant_feature_and_constant_data_are_no_obstacle():
    data = blobs()
    X = np.column_stack([data.X, np.ones(len(data))])
    assert np.isfinite(svm()(X, data.y, 3).scores(X)).all()
    assert np.isfinite(svm()(np.ones((6, 2)), np.array([0, 0, 1, 1, 2, 2]), 3).scores(np.ones((1, 2)))).all()


def test_one_class_alone_is_refused():
    with pytest.raises(DataError, match="3 training clips are of one"):
        svm()(np.eye(3), np.zeros(3, dtype=np.int64), 3)


@pytest.mark.parametrize(
    ("field", "value"),
    [("kernel", "rbff"), ("C", 0), ("C", "high"), ("gamma", -1), ("scaling", "robust"), ("tolerance", float("nan"))],
)
def test_a_wrong_setting_is_named(field, value):
    with pytest.raises(ConfigError, match=rf"svm\.{field}={value}"):
        svm(**{field: value})


def test_only_settings_of_the_kernel_are_searched():
    assert svm().uses("gamma") and svm().uses("C") and not svm(kernel="linear").uses("gamma")
    with pytest.raises(ConfigError, match=r"tuning\.space\.c: the svm has no such setting; it has kernel, C"):
        svm().uses("c")
