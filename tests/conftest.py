"""What several test files share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from mer.tracking import Sqlite
from mer.tracking.client import mlflow_client
from mer.tracking.database import database_uri, open_database


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


@pytest.fixture(scope="session")
def tracking(tmp_path_factory: pytest.TempPathFactory) -> Sqlite:
    """Return a store whose database is made: that takes seconds."""
    made = Sqlite(home=str(tmp_path_factory.mktemp("home")))
    with open_database(Path(made.home)):
        return made


@pytest.fixture
def client(tracking: Sqlite) -> Any:
    """Return what sees that store's runs."""
    return mlflow_client(database_uri(Path(tracking.home)))
