"""The fences of the architecture: who may import whom, and what `mer --help` may cost."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import mer

ROOT = Path(mer.__file__).parent
MODULES = {".".join(("mer", *path.relative_to(ROOT).with_suffix("").parts)): path for path in ROOT.rglob("*.py")}

# A library may be imported (at any depth of a module) only under these prefixes.
FENCES = {
    "hydra": ("mer.cli", "mer.config", "mer.sweep"),
    "omegaconf": ("mer.cli", "mer.config", "mer.config_words", "mer.sweep"),
    "mlflow": ("mer.tracking", "mer.report", "mer.model"),
    "optuna": ("mer.tuning",),
    "sklearn": ("mer.svm", "mer.tuning", "mer.loso", "mer.bench"),
    "torch": (
        "mer.align",
        "mer.landmarks",
        "mer.flow",
        "mer.training",
        "mer.device",
        "mer.descriptor.torch_hoof",
        "mer.descriptor.torch_pooling",
    ),
    "kornia": ("mer.align", "mer.landmarks", "mer.flow", "mer.training"),
    "matplotlib": ("mer.report", "mer.bench"),
}
COMPLETED = ["completion", "words", "mer", "run", "flow=d"]
STAGES = ("dataset", "frames", "landmarks", "align", "flow", "motion", "roi", "descriptor", "svm", "tracking", "report")
LEAVES = {
    "mer",
    "mer.types",
    "mer.errors",
    "mer.background",
    "mer.strain",
    "mer.checks",
    "mer.device",
    "mer.metrics",
    "mer.predictions",
    "mer.roles",
    "mer.similarity",
    "mer.trial_table",
}
BELOW = {"tracking": {"mer.cache", "mer.sweep.results"}}  # what is kept, of which MLflow is told


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
            if node.module == "mer":
                found |= {f"mer.{alias.name}" for alias in node.names}
    return found


def _under(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(f"{prefix}.")


@pytest.mark.parametrize("module", sorted(MODULES))
def test_libraries_stay_behind_their_fences(module: str) -> None:
    used = {name.split(".")[0] for name in _imports(MODULES[module])}
    for library, allowed in FENCES.items():
        if library in used:
            assert any(_under(module, prefix) for prefix in allowed), f"{module} imports {library}"


@pytest.mark.parametrize("stage", STAGES)
def test_no_stage_imports_another(stage: str) -> None:
    for module, path in MODULES.items():
        if _under(module, f"mer.{stage}"):
            own = {name for name in _imports(path) if _under(name, "mer")}
            strangers = {
                name
                for name in own
                if name not in LEAVES | BELOW.get(stage, set()) and not _under(name, f"mer.{stage}")
            }
            assert not strangers, f"{module} imports {sorted(strangers)}"


def test_nothing_below_the_pipeline_imports_it() -> None:
    above = ("mer.pipeline", "mer.run", "mer.config", "mer.cli")
    for module, path in MODULES.items():
        if any(_under(module, f"mer.{stage}") for stage in (*STAGES, "tuning", "loso", "metrics", "cache")):
            assert not [name for name in _imports(path) if any(_under(name, top) for top in above)], module


def test_what_a_run_imports_before_it_needs_it_is_light() -> None:
    """A run whose every result is cached fits, searches and aligns nothing."""
    heavy = "{'sklearn','optuna','pandas','matplotlib','mlflow','torch','kornia','joblib'}"
    parts = "mer.run, mer.svm, mer.tuning, mer.loso, mer.align, mer.flow, mer.landmarks, mer.tracking, mer.cli.run"
    code = f"import sys, {parts}; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["train", "flow", "--help"], COMPLETED])
def test_help_pulls_in_no_heavy_library(words: list[str]) -> None:
    heavy = (
        "{'numpy','cv2','hydra','omegaconf','optuna','pandas','matplotlib','scipy','sklearn','mlflow','torch','kornia'}"
    )
    code = f"import sys; from mer.cli import main; main({words}); print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")
    assert len(done.stdout.splitlines()) > 1
