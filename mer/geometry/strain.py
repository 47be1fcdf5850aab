"""Optical strain: how much the flow deforms the skin, blind to shifts and small rotations."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from mer.errors import DataError
from mer.types import Float32

__all__ = ["optical_strain"]


def optical_strain(uv: ArrayLike) -> Float32:
    """Return the magnitude of the infinitesimal strain tensor of a flow field.

    Parameters
    ----------
    uv : array_like, shape (..., H, W, 2)
        Flow in pixels, [..., 0] to the right, [..., 1] downwards; H, W ≥ 2.

    Returns
    -------
    ndarray of float32, shape (..., H, W)
        ε = √(u_x² + v_y² + ½(u_y + v_x)²) ≥ 0, without unit. Central differences; one-sided ones at the border.

    Raises
    ------
    DataError
        If the shape is another.

    Notes
    -----
    This is the Frobenius norm of the tensor: ½(u_y + v_x)² is twice the squared shear ½(u_y + v_x), which stands in
    the tensor twice. Formulas that square the two slopes one by one, or take a quarter, see strain in a rigid rotation
    or half the shear.

    References
    ----------
    Shreve, Godavarthy, Goldgof, Sarkar: Macro- and micro-expression spotting in long videos using spatio-temporal
    strain. FG 2011. doi:10.1109/FG.2011.5771451
    """
    field = np.asarray(uv, dtype=np.float32)
    if field.ndim < 3 or field.shape[-1] != 2 or min(field.shape[-3:-1]) < 2:
        raise DataError(f"strain needs a flow of shape (..., H, W, 2) with H and W of at least 2, got {field.shape}")
    u_y, u_x = np.gradient(field[..., 0], axis=(-2, -1))
    v_y, v_x = np.gradient(field[..., 1], axis=(-2, -1))
    strain = np.sqrt(u_x**2 + v_y**2 + 0.5 * (u_y + v_x) ** 2)
    return np.asarray(strain, dtype=np.float32)
