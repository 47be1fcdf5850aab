"""Strain has closed forms on linear flow fields."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mer.errors import DataError
from mer.geometry.strain import optical_strain

GRID = np.mgrid[:24, :31].astype(np.float32)
Y, X = GRID - 8.0
slopes = st.floats(-0.25, 0.25, width=32)


def linear(u_x=0.0, u_y=0.0, v_x=0.0, v_y=0.0):
    return np.stack([u_x * X + u_y * Y, v_x * X + v_y * Y], axis=-1)


def test_rigid_rotation_has_none():
    assert np.abs(optical_strain(linear(u_y=-0.03, v_x=0.03))).max() < 1e-6


def test_shift_has_none():
    assert not optical_strain(linear() + np.float32([3.0, -2.0])).any()


@pytest.mark.parametrize("axis", ["u_y", "v_x"])
def test_pure_shear(axis):
    np.testing.assert_allclose(optical_strain(linear(**{axis: 0.1})), 0.1 / np.sqrt(2), rtol=1e-5)


def test_uniform_expansion():
    np.testing.assert_allclose(optical_strain(linear(u_x=0.05, v_y=0.05)), 0.05 * np.sqrt(2), rtol=1e-5)


@pytest.mark.parametrize("axis", ["u_x", "v_y"])
def test_stretch_along_one_axis(axis):
    np.testing.assert_allclose(optical_strain(linear(**{axis: -0.07})), 0.07, rtol=1e-5)


@settings(max_examples=30, deadline=None)
@given(slopes, slopes, slopes, slopes)
def test_any_linear_field(a, b, c, d):
    expected = np.sqrt(a * a + d * d + 0.5 * (b + c) ** 2)
    np.testing.assert_allclose(optical_strain(linear(a, b, c, d)), expected, atol=3e-6)


def test_quadratic_field_is_exact_inside():
    uv = np.stack([0.01 * X**2, np.zeros_like(X)], axis=-1)
    np.testing.assert_allclose(optical_strain(uv)[:, 1:-1], np.abs(0.02 * X)[:, 1:-1], atol=1e-6)


def test_shape_and_type():
    batch = np.stack([linear(u_x=0.1), linear(v_y=0.2)]).astype(np.float64)
    strain = optical_strain(batch)
    assert strain.shape == (2, 24, 31)
    assert strain.dtype == np.float32
    np.testing.assert_array_equal(strain[1], optical_strain(batch[1]))


@pytest.mark.parametrize("shape", [(5, 5), (5, 5, 3), (1, 5, 2), (2,)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(DataError, match=r"shape \(\.\.\., H, W, 2\)"):
        optical_strain(np.zeros(shape))
