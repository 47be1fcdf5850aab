"""What `pip install .` brings: the code and `conf/`, which work from any folder."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The content of the wheel, unpacked as pip would."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def _mer(installed: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # -P and -s keep this checkout and its editable install out of the way of the unpacked wheel.
    environment = os.environ | {"PYTHONPATH": str(installed), "MER_HOME": str(cwd / "home")}
    command = [sys.executable, "-P", "-m", "mer", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_conf_ships_inside_the_package(installed: Path) -> None:
    for source in (ROOT / "conf").rglob("*.yaml"):
        assert (installed / "mer" / "conf" / source.relative_to(ROOT / "conf")).is_file(), source
    for source in (ROOT / "mer").rglob("*"):
        if source.is_file() and source.suffix != ".pyc":
            assert (installed / "mer" / source.relative_to(ROOT / "mer")).is_file(), source
    assert not (installed / "tests").exists()


def test_the_command_works_from_any_folder(installed: Path, tmp_path: Path) -> None:
    where = [sys.executable, "-P", "-c", "import mer; print(mer.__file__)"]
    found = subprocess.run(
        where, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(installed)}, capture_output=True, text=True, check=True
    )
    assert Path(found.stdout.strip()).is_relative_to(installed)
    assert _mer(installed, tmp_path, "--version").stdout.startswith("mer ")
    page = _mer(installed, tmp_path, "run", "--help")
    assert page.returncode == 0
    assert "flow                deepflow, dis, external, farneback" in page.stdout
    shown = _mer(installed, tmp_path, "run", "--cfg", "job", "roi=grid")
    assert shown.returncode == 0, shown.stderr
    assert "mer.roi" in shown.stdout
    assert not (tmp_path / "home").exists()
