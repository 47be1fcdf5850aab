"""HOOF on torch against HOOF on numpy: one definition, two machines."""

from __future__ import annotations

import numpy as np
import pytest

from mer.errors import ConfigError
from tests.descriptor.test_hoof import PRESETS, SETTINGS, hard_regions, hoof, random_flow, soft_regions


def devices() -> list[str]:
    import torch

    return ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]


@pytest.mark.parametrize("device", devices())
@pytest.mark.parametrize("kind", [hard_regions, soft_regions])
@pytest.mark.parametrize("shared", [False, True])
def test_torch_gives_the_rows_of_numpy(shared, kind, device):
    rng = np.random.default_rng(31)
    flows = np.stack([random_flow(rng) for _ in range(6)])
    regions = [kind(rng, 12, 10) for _ in range(1 if shared else 6)]
    for preset, changes in [*((preset, {}) for preset in PRESETS), *(("hoof", changes) for changes in SETTINGS)]:
        ours, theirs = (hoof(preset, **changes, device=d).batch(flows, regions) for d in ("numpy", device))
        assert theirs.dtype == np.float32
        np.testing.assert_allclose(theirs, ours, rtol=1e-5, atol=1e-5 * np.abs(ours).max(), err_msg=str(changes))


@pytest.mark.parametrize("device", devices())
def test_torch_repeats_to_the_last_digit_and_sees_no_motion_where_there_is_none(device):
    rng = np.random.default_rng(32)
    flows, regions = np.stack([random_flow(rng) for _ in range(4)]), [hard_regions(rng, 12, 10)]
    h = hoof("improved_hoof", device=device)
    np.testing.assert_array_equal(h.batch(flows, regions), h.batch(flows, regions))
    assert not h.batch(np.zeros_like(flows), regions).any()


def test_a_device_that_is_not_there_is_named():
    rng = np.random.default_rng(33)
    absent = hoof(device="cuda:99")
    with pytest.raises(ConfigError, match=r"descriptor\.device=cuda:99: torch finds no such device; choose numpy"):
        absent.batch(random_flow(rng)[None], [hard_regions(rng, 12, 10)])
