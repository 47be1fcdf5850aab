"""A key tells the truth: what a result depends on moves it, and nothing else does."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import mer
from mer.config.catalogue import conf_dir, groups
from mer.errors import ConfigError
from mer.store import source
from mer.store.cache import Cache, Entry
from mer.store.keys import component_key, digest, identity
from mer.store.roles import code, contents, device, place, watch
from mer.store.source import closure, code_version, libraries

PACKAGE = Path(mer.__file__).parent
MODULES = [
    ".".join(("mer", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
    for path in sorted(PACKAGE.rglob("*.py"))
]
COMPONENTS = [
    (group, path.stem)
    for group in groups()
    for path in sorted((conf_dir() / group).glob("*.yaml"))
    if "_target_" in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}) and group != "tracking"
]


def test_digest_knows_content_not_order_of_keys() -> None:
    assert digest({"a": 1, "b": [2, 3]}) == digest({"b": [2, 3], "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})
    assert digest("ab", "c") != digest("a", "bc")


def test_the_key_tells_class_fields_and_nested_components_apart() -> None:
    a, b = Cache(root=Path("a")), Cache(root=Path("b"))
    assert digest(component_key(a)) == digest(component_key(Cache(root=Path("a"))))
    assert digest(component_key(a)) != digest(component_key(b))
    inner = Entry(array=np.zeros(1), facts={"part": a})
    with pytest.raises(TypeError, match="ndarray cannot be part of a cache key"):
        digest(component_key(inner))


def test_a_scikit_learn_estimator_counts_by_its_class_settings_and_version() -> None:
    from sklearn.neighbors import KNeighborsClassifier, NearestCentroid

    assert digest(KNeighborsClassifier(n_neighbors=3)) == digest(KNeighborsClassifier(n_neighbors=3))
    assert digest(KNeighborsClassifier(n_neighbors=3)) != digest(KNeighborsClassifier(n_neighbors=4))
    assert digest(KNeighborsClassifier()) != digest(NearestCentroid())
    versions = component_key(mer.component("classifier", "knn"))[2]
    assert isinstance(versions, dict) and versions["sklearn"].startswith("scikit-learn 1.")


@dataclass(frozen=True, kw_only=True)
class Roles:
    """One field of every role."""

    weights: str | None = contents()
    root: str = place()
    journal: str = watch()
    path: str = code()
    device: str = device()
    plain: int = 0


def roles(**changes: Any) -> Roles:
    return Roles(**({"weights": None, "root": "a", "journal": "a", "path": "json:loads", "device": "cpu"} | changes))


def test_a_field_counts_by_its_role(tmp_path: Path) -> None:
    key = digest(identity(roles()))
    assert digest(identity(roles(root="b", journal="b"))) == key
    assert digest(identity(roles(plain=1))) != key
    assert digest(identity(roles(path="json:dumps"))) != key
    assert digest(identity(roles(device="cuda:0"))) == digest(identity(roles(device="cuda:1"))) != key
    one, two = tmp_path / "one.npz", tmp_path / "two.npz"
    one.write_bytes(b"weights")
    two.write_bytes(b"weights")
    moved = digest(identity(roles(weights=str(two))))
    assert digest(identity(roles(weights=str(one)))) == moved != key
    two.write_bytes(b"others")
    assert digest(identity(roles(weights=str(two)))) != moved


@cache
def roles_of(group: str, option: str) -> dict[str, str | None]:
    """Return the role of every field of the component that an option names."""
    settings = yaml.safe_load((conf_dir() / group / f"{option}.yaml").read_text(encoding="utf-8"))
    module, _, name = settings["_target_"].rpartition(".")
    kind = getattr(importlib.import_module(module), name)
    return {field.name: field.metadata.get("role") for field in dataclasses.fields(kind)}


FILES = re.compile(r"\b(file|folder|\.npz|CSV|package\.module|import path)\b")
NO_PATH = {
    "dataset.pattern": "a regular expression",
    "dataset.first_frame": "a number",
    "dataset.layout": "a choice",
    "dataset.databases": "regular expressions",
    "dataset.subject": "a name",
    "dataset.unit": "a choice",
    "landmarks.sha256": "a checksum",
}


@pytest.mark.parametrize(("group", "option"), COMPONENTS)
def test_every_setting_that_names_a_file_has_a_role(group: str, option: str) -> None:
    """A new setting whose comment in conf/ speaks of a file, and that has no role, would bring its path into keys."""
    known = roles_of(group, option)
    for line in (conf_dir() / group / f"{option}.yaml").read_text(encoding="utf-8").splitlines():
        setting = re.match(r"(\w+): .*?#(.*)", line)
        if setting and FILES.search(setting[2]) and f"{group}.{setting[1]}" not in NO_PATH:
            assert known[setting[1]] in ("contents", "place", "watch", "code"), f"{group}.{setting[1]}"


@pytest.mark.parametrize(
    ("group", "option", "name"),
    [(*found, name) for found in COMPONENTS for name, role in roles_of(*found).items() if role == "contents"],
)
def test_overwriting_a_file_that_a_setting_names_moves_the_key_and_moving_the_file_does_not(
    group: str, option: str, name: str, tmp_path: Path
) -> None:
    made = mer.component(group, option)
    first, second = tmp_path / "a" / "weights.npz", tmp_path / "b" / "other.npz"
    for file in (first, second):
        file.parent.mkdir()
        file.write_bytes(b"one")
    keys = [digest(component_key(dataclasses.replace(made, **{name: str(file)}))) for file in (first, second)]
    assert keys[0] == keys[1] != digest(component_key(made))
    first.write_bytes(b"two")
    assert digest(component_key(dataclasses.replace(made, **{name: str(first)}))) != keys[0]


def file_of(module: str, package: Path = PACKAGE) -> Path:
    path = package.joinpath(*module.split(".")[1:])
    package_file = path / "__init__.py"
    return package_file if package_file.is_file() else path.with_suffix(".py")


def naive_closure(module: str) -> set[str]:
    """Return what a module imports by the letter: no name of a package is followed to where it is defined."""
    seen, left = {module}, [module]
    while left:
        name = left.pop()
        for node in ast.walk(ast.parse(file_of(name).read_text(encoding="utf-8"))):
            found = []
            if isinstance(node, ast.Import):
                found = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                found = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            new = {name for name in found if name in MODULES} - seen
            seen |= new
            left += new
    return seen


STAGES = ("mer.flow.dis", "mer.flow.microflow", "mer.landmarks.cnn68", "mer.align.similarity", "mer.motion.similarity",
          "mer.roi.mdmo36", "mer.descriptor.hoof", "mer.descriptor.statistics", "mer.pipeline.clip", "mer.svm.machine",
          "mer.tuning.kinds", "mer.dataset.synthetic.clip", "mer.dataset.media")  # fmt: skip


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of mer's source, which `mer.store.source` reads in place of the original."""
    copy = tmp_path / "mer"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "conf", "*.npz"))
    monkeypatch.setattr(source, "_PACKAGE", copy)
    monkeypatch.setattr(source, "_seen", {})
    return copy


def edit(package: Path, module: str, change: str) -> None:
    file = file_of(module, package)
    file.write_text(file.read_text(encoding="utf-8") + change, encoding="utf-8")
    source._seen.pop(module, None)


def test_a_change_in_a_module_moves_the_keys_of_those_that_import_it_and_no_others(package: Path) -> None:
    before = {stage: code_version(stage) for stage in STAGES}
    reach = {stage: set(closure(stage)) for stage in STAGES}
    for module in MODULES:
        edit(package, module, "\n_CHANGED = 1\n")
        after = {stage: code_version(stage) for stage in STAGES}
        moved = {stage for stage in STAGES if after[stage] != before[stage]}
        assert moved == {stage for stage in STAGES if module in reach[stage]}, module
        before = after


def test_the_closure_holds_what_is_imported_and_nothing_that_is_not() -> None:
    for stage in STAGES:
        assert stage in closure(stage)
        assert set(closure(stage)) <= naive_closure(stage)
    assert "mer.geometry.strain" in closure("mer.descriptor.statistics")
    assert "mer.geometry.similarity" in closure("mer.align.similarity") and "mer.geometry.similarity" in closure(
        "mer.landmarks.cnn68"
    )
    assert "mer.geometry.mirror" in closure("mer.pipeline.clip")
    assert "mer.flow.network" in closure("mer.flow.microflow"), "imported inside a function"
    assert not {"mer.flow.train", "mer.flow.trials", "mer.flow.farneback"} & set(closure("mer.flow.microflow"))
    assert {"cv2", "numpy", "torch"} <= set(libraries("mer.flow.microflow"))


def test_comments_and_docstrings_move_no_key(package: Path) -> None:
    before = {stage: code_version(stage) for stage in STAGES}
    for module in MODULES:
        edit(package, module, '\n# A comment.\n"""A text."""\n')
        file = file_of(module, package)
        text = file.read_text(encoding="utf-8")
        first = re.match(r'"""(.*?)"""', text, re.DOTALL)
        if first:
            file.write_text('"""Another docstring."""' + text[first.end() :], encoding="utf-8")
    assert {stage: code_version(stage) for stage in STAGES} == before


OWN = """
from dataclasses import dataclass
from functools import cache
import numpy as np
from helper_of_mine import factor

@dataclass(frozen=True, kw_only=True)
class Mine:
    power: float
    def __call__(self, flow, regions):
        return np.full(2, factor() * self.power, dtype=np.float32)
    def columns(self, regions):
        return ("a", "b")
"""


def test_a_component_of_the_users_own_counts_by_its_source_and_by_what_it_imports_of_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder without ``__init__.py``, too."""
    folder = tmp_path / "own_parts"
    folder.mkdir()
    (folder / "mine.py").write_text(OWN)
    (tmp_path / "helper_of_mine.py").write_text("def factor():\n    return 2\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(source, "_seen", {})
    assert code_version("own_parts.mine") is not None
    assert closure("own_parts.mine") == ("helper_of_mine", "own_parts.mine")
    assert libraries("own_parts.mine") == ("numpy",)
    before = code_version("own_parts.mine")
    (tmp_path / "helper_of_mine.py").write_text("def factor():\n    return 3\n")
    source._seen.clear()
    assert code_version("own_parts.mine") != before


SCRIPT = """
import sys, warnings
warnings.simplefilter("error" if {strict} else "always")
from mer.store.keys import component_key, digest
{code}
print(digest(component_key(Mine(power=1.0))))
"""


def run(code: str, *, command: list[str] | None = None, strict: bool = True) -> tuple[str, str]:
    text = SCRIPT.format(code=code, strict=strict)
    done = subprocess.run(
        [sys.executable, *(command or ["-c", text])], input=text, capture_output=True, text=True, check=True
    )
    return done.stdout.strip(), done.stderr


PLAIN = OWN.replace("from helper_of_mine import factor", "def factor(): return 2")


def test_a_component_of_a_script_counts_by_the_script(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    keys = []
    for code_text in (PLAIN, PLAIN, PLAIN.replace("return 2", "return 3")):
        script.write_text(SCRIPT.format(code=code_text, strict=True))
        keys.append(run("", command=[str(script)])[0])
    assert keys[0] == keys[1] != keys[2]


def test_a_component_without_source_is_computed_anew_with_a_warning() -> None:
    first, said = run(PLAIN, strict=False)
    second, _ = run(PLAIN, strict=False)
    assert first != second
    assert "__main__.Mine has no source file, so its results cannot be recognised again" in said


def test_a_function_that_a_setting_names_counts_by_its_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_flow.py").write_text("def flow(onset, apex):\n    return 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(source, "_seen", {})
    backbone = mer.component("flow", "external", path="my_flow:flow")
    before = digest(component_key(backbone))
    (tmp_path / "my_flow.py").write_text("def flow(onset, apex):\n    return 1\n")
    source._seen.clear()
    assert digest(component_key(backbone)) != before


def test_a_module_that_is_not_there_is_told_by_the_component_not_by_the_key() -> None:
    backbone = mer.component("flow", "external", path="no_such_module:flow")
    with pytest.warns(UserWarning, match="no_such_module has no source file"):
        digest(component_key(backbone))
    with pytest.raises(ConfigError, match=r"flow\.path=no_such_module:flow: No module named"):
        backbone(np.zeros((32, 32), np.uint8), np.zeros((32, 32), np.uint8))


@pytest.mark.parametrize(
    ("group", "option", "field"), [("flow", "microflow", "weights"), ("landmarks", "yunet", "model")]
)
def test_an_empty_path_is_refused_by_its_name(group: str, option: str, field: str) -> None:
    with pytest.raises(ConfigError, match=rf"{group}\.{field}=: the path is empty; give a path"):
        identity(mer.component(group, option, **{field: ""}))
