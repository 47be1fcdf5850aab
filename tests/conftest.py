"""What several test files share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_root() -> Path:
    """Folder of the real data (faces68, megc2019_smic_flow28, video); skips the test where it is absent."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    root = Path(os.environ.get("MER_TEST_DATA", default))
    if not root.is_dir():
        pytest.skip(
            f"real data not found at {root}: set MER_TEST_DATA to the folder that holds faces68/ and the others"
        )
    return root
