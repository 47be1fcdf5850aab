"""The house: who may import whom, which library stays where, no circles, and what `mer --help` may cost.

Every import counts, wherever it stands: at the top of a module, inside a function, or for type checkers alone.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping, Set
from pathlib import Path

import pytest

import mer

ROOT = Path(mer.__file__).parent
TESTS = Path(__file__).parent

# What lies at the top of mer/, beside folders.
TOP = {"__init__", "__main__", "errors", "progress", "validation"}

# From the ground up: a folder sees the floors below its own, and itself. `mer` is the package's own __init__.
BASE = {"mer", "errors", "progress", "types", "geometry", "validation"}
STAGES = {"dataset", "protocol", "frames", "landmarks", "align", "flow", "motion", "roi", "descriptor"}
LEARNING = BASE | STAGES | {"store", "metrics", "pipeline"}
RUN = LEARNING | {"svm", "tuning", "loso", "config", "tracking", "report"}
TOP_FLOOR = RUN | {"run", "model", "spotting", "sweep", "training", "onnx", "networks"}
SEES: dict[str, Set[str]] = {
    "mer": {"api", "config", "model"},
    "__main__": {"cli"},
    "errors": set(),
    "progress": {"errors"},
    "validation": {"errors"},
    "types": {"errors"},
    "geometry": {"errors", "types"},
    "store": BASE,
    "config": BASE,
    "metrics": {"errors", "types"},
    **dict.fromkeys(STAGES, BASE | {"store"}),
    "training": BASE | {"store", "align", "flow", "landmarks"},
    "onnx": BASE | {"store", "flow", "landmarks"},
    "pipeline": BASE | STAGES | {"store"},
    "svm": LEARNING,
    "networks": LEARNING | {"svm"},
    "tuning": LEARNING | {"svm"},
    "loso": LEARNING | {"svm", "tuning"},
    "tracking": BASE | {"store", "metrics"},
    "report": BASE | {"store", "metrics"},
    "run": RUN,
    "spotting": RUN | {"run"},
    **dict.fromkeys(("model", "sweep"), RUN | {"run", "spotting"}),
    "api": TOP_FLOOR,
    "app": TOP_FLOOR | {"api"},
    "cli": TOP_FLOOR | {"api", "app"},  # mer app starts the page
    "bench": TOP_FLOOR,
}

# A library may be imported, at any depth of a module, only under these prefixes.
FENCES: dict[str, tuple[str, ...]] = {
    "hydra": ("mer.config", "mer.sweep", "mer.cli"),
    "omegaconf": ("mer.config", "mer.sweep", "mer.cli"),
    "mlflow": ("mer.tracking", "mer.report", "mer.model"),
    "optuna": ("mer.tuning",),
    "sklearn": ("mer.svm", "mer.tuning", "mer.loso", "mer.bench"),  # a bench measures our own against the library's
    # Beside align, the networks and their training: HOOF and throughput on a GPU, and whether there is one.
    "torch": (
        "mer.align",
        "mer.landmarks",
        "mer.flow",
        "mer.training",
        "mer.onnx",
        "mer.networks",
        "mer.descriptor.torch_hoof",
        "mer.descriptor.torch_pooling",
        "mer.bench._throughput",
        "mer.validation",
    ),
    "onnx": ("mer.onnx",),
    "onnxruntime": ("mer.onnx",),
    "kornia": ("mer.align", "mer.landmarks", "mer.flow", "mer.training"),
    "matplotlib": ("mer.report.figures", "mer.model.render", "mer.bench"),  # a bench draws pictures of its own
}


def _module(path: Path, root: Path) -> str:
    return ".".join((root.name, *path.relative_to(root).with_suffix("").parts)).removesuffix(".__init__")


MODULES = {_module(path, ROOT): path for path in sorted(ROOT.rglob("*.py"))}


def _imports(path: Path) -> Iterator[str]:
    """Yield the dotted name of everything that a file imports, the names of ``from`` included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _own(name: str) -> str:
    """Return the module of mer that an imported name lies in."""
    while name not in MODULES:
        name = name.rpartition(".")[0]
    return name


IMPORTS = {module: set(_imports(path)) for module, path in MODULES.items()}
EDGES = {
    module: {_own(name) for name in names if name.split(".")[0] == "mer"} - {module}
    for module, names in IMPORTS.items()
}


def _folder(module: str) -> str:
    return module.split(".")[1] if "." in module else module


def _under(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(f"{prefix}.")


def _judge(offenders: Set[str]) -> None:
    """Fail with one offender per line."""
    assert not offenders, "\n" + "\n".join(sorted(offenders))


def test_only_a_few_modules_lie_at_the_top() -> None:
    _judge({path.stem for path in ROOT.glob("*.py")} - TOP)


def test_every_folder_has_a_floor() -> None:
    folders = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()}
    assert folders <= set(SEES), f"give {sorted(folders - set(SEES))} a row in SEES"


def test_imports_run_down() -> None:
    """A stage imports no other, `metrics` sees types alone, `tracking` and `report` what is kept and scored."""
    up = {
        f"{module} → {other}"
        for module, others in EDGES.items()
        for other in others
        if _folder(other) != _folder(module) and _folder(other) not in SEES.get(_folder(module), set())
    }
    _judge(up)


def test_no_circles() -> None:
    """`mer` itself is the door: it offers the functions of `mer.api` when they are asked for."""
    inside = {module: others - {"mer"} for module, others in EDGES.items() if module != "mer"}
    _judge({" → ".join(circle) for circle in _circles(inside)})


def _circles(edges: Mapping[str, Set[str]]) -> list[list[str]]:
    """Return the modules of every circle: each set of modules that all reach each other."""
    reached = {module: _reached(module, edges) for module in edges}
    circles = {
        tuple(sorted(other for other in found if module in reached[other]))
        for module, found in reached.items()
        if module in found
    }
    return [list(circle) for circle in sorted(circles)]


def _reached(start: str, edges: Mapping[str, Set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [*edges[start]]
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting += edges[module]
    return found


def test_a_circle_is_found() -> None:
    edges = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"e"}, "e": {"d"}, "f": {"a"}}
    assert _circles(edges) == [["a", "b", "c"], ["d", "e"]]


def test_libraries_stay_behind_their_fences() -> None:
    out = {
        f"{module} → {library}"
        for module, names in IMPORTS.items()
        for library in {name.split(".")[0] for name in names} & set(FENCES)
        if not any(_under(module, prefix) for prefix in FENCES[library])
    }
    _judge(out)


def test_tests_mirror_the_folders() -> None:
    """Each folder of tests is one of mer, or `support`; a test that lies at the top is of a module that does, too."""
    folders = {path.parent.relative_to(TESTS).as_posix() for path in TESTS.rglob("test_*.py")} - {"."}
    assert not {folder for folder in folders if not (ROOT / folder).is_dir()}
    assert {path.stem for path in TESTS.glob("*.py")} <= {
        *("__init__", "conftest", "test_docs", "test_examples", "test_package", "test_structure"),
        *(f"test_{name}" for name in TOP),
    }


def test_what_a_run_imports_before_it_needs_it_is_light() -> None:
    """A run whose every result is cached fits, searches and aligns nothing."""
    heavy = "{'sklearn','optuna','pandas','matplotlib','mlflow','torch','kornia','joblib'}"
    parts = "run.execute, svm, tuning, loso, align, flow, landmarks, tracking, cli.run"
    code = f"import sys, mer.{parts.replace(', ', ', mer.')}; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("words", [["--help"], ["--version"]])
def test_help_pulls_in_no_heavy_library(words: list[str]) -> None:
    heavy = (
        "{'numpy','cv2','hydra','omegaconf','optuna','pandas','matplotlib','scipy','sklearn','mlflow','torch','kornia'}"
    )
    code = f"import sys; from mer.cli import main; main({words}); print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")
