"""What several test files share."""

from __future__ import annotations

import os
import shutil
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
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database without a run, to be copied: to make one takes seconds."""
    home = tmp_path_factory.mktemp("empty")
    with open_database(home):
        return home / "mlflow.db"


@pytest.fixture(scope="session")
def tracking(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Sqlite:
    """Return a store that all tests of a session share."""
    home = tmp_path_factory.mktemp("home")
    shutil.copy(empty_store, home)
    return Sqlite(home=str(home))


@pytest.fixture
def client(tracking: Sqlite) -> Any:
    """Return what sees that store's runs."""
    return mlflow_client(database_uri(Path(tracking.home)))
