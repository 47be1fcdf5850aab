"""Which code a result depends on: a module and all it imports of ours, compared without comments and docstrings.

"Ours" is `mer`, the module's own package, and whatever is neither installed nor part of Python: a
user's own files. A name that a package only passes on (``from mer.svm import Split``) leads to the module that defines
it, so that a package's list of names is not part of every key.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import linecache
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import FunctionType

import mer

__all__ = ["closure", "code_version", "libraries", "source_of_object"]

_PACKAGE = Path(mer.__file__).parent


@dataclass(frozen=True, kw_only=True)
class _Module:
    """One file of source: a hash of its code, what it imports, and the names that it passes on."""

    code: str
    imports: tuple[tuple[str, str | None], ...] = ()  # (module, name in it)
    passed_on: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @cached_property
    def targets(self) -> tuple[str, ...]:
        """The modules that define what is imported, those of Python itself left out."""
        names = [pair for pair in self.imports if pair[0].partition(".")[0] not in sys.stdlib_module_names]
        return tuple(dict.fromkeys(_defining(*pair) for pair in names))


def code_version(module: str) -> str | None:
    """Return a hash of the code of a module and of everything of ours that it imports; None where it has no source."""
    if _read(module) is None:
        return None
    parts = [f"{name} {found.code}" for name in closure(module) if (found := _read(name)) is not None]
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()


def closure(module: str) -> tuple[str, ...]:
    """Return the names of the modules of ours that `module` imports, directly or through others, and its own; sorted.

    Imports inside functions count; those under ``if TYPE_CHECKING`` do not.
    """
    return tuple(sorted(_reached(module)[0]))


def libraries(module: str) -> tuple[str, ...]:
    """Return the top-level names of the installed packages that the modules of `closure` import, sorted."""
    return tuple(sorted(_reached(module)[1]))


def source_of_object(thing: type | FunctionType) -> str | None:
    """Return the text that a class or function was defined in, such as a notebook's cell; None where it is lost."""
    functions = [thing] if hasattr(thing, "__code__") else [v for v in vars(thing).values() if hasattr(v, "__code__")]
    files = {function.__code__.co_filename for function in functions}
    own = sorted(file for file in files if not _is_in_python(Path(file)))  # a dataclass has methods of Python's own
    return "".join(line for file in own for line in linecache.getlines(file)) or None


def _reached(module: str) -> tuple[set[str], set[str]]:
    """Return our modules and the installed packages that `module` leads to."""
    own = module.partition(".")[0]
    ours, installed, left = {module}, set[str](), [module]
    while left:
        found = _read(left.pop())
        for target in found.targets if found else ():
            top = target.partition(".")[0]
            if top != own and not _is_ours(top):
                installed.add(top)
            elif target not in ours and _read(target) is not None:
                ours.add(target)
                left.append(target)
    return ours, installed


def _defining(module: str, name: str | None) -> str:
    """Return the module that ``from module import name`` leads to."""
    if name is None:
        return module
    if not _is_ours(module.partition(".")[0]):
        return module
    inner = f"{module}.{name}"
    if _file(inner) is not None:
        return inner
    found = _read(module)
    return _defining(*found.passed_on[name]) if found and name in found.passed_on else module


_seen: dict[str, tuple[ModuleSpec | None, _Module | None]] = {}


def _read(module: str) -> _Module | None:
    """Read a module's source once; again after it was reloaded, as a notebook does."""
    spec = getattr(sys.modules.get(module), "__spec__", None)
    known = _seen.get(module)
    if known is None or (known[0] is not None and spec is not None and known[0] is not spec):
        known = spec, _parsed(module)
        _seen[module] = known
    return known[1]


def _parsed(module: str) -> _Module | None:
    file = _file(module)
    if file is None:
        return None
    data = file.read_bytes()
    if file.suffix != ".py":  # an extension module
        return _Module(code=hashlib.blake2b(data, digest_size=16).hexdigest())
    tree = ast.parse(data)
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    imports = tuple(dict.fromkeys(pair for node in _statements(tree) for pair in _imported(node, package)))
    passed_on: dict[str, tuple[str, str]] = {}
    for line in tree.body if file.name == "__init__.py" else ():
        if isinstance(line, ast.ImportFrom):
            source = _absolute(line, package)
            passed_on |= {alias.asname or alias.name: (source, alias.name) for alias in line.names}
    for node in _statements(tree):
        _remove_text(node)
    code = hashlib.blake2b(ast.dump(tree).encode(), digest_size=16).hexdigest()
    return _Module(code=code, imports=imports, passed_on=passed_on)


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the module and every node in it but those that only a type checker sees."""
    left: list[ast.AST] = [tree]
    while left:
        node = left.pop()
        yield node
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            left.extend(node.orelse)
        elif isinstance(node, ast.stmt | ast.Module | ast.excepthandler | ast.match_case):
            left.extend(ast.iter_child_nodes(node))


def _remove_text(node: ast.AST) -> None:
    """Remove docstrings, and any other string used as a statement."""
    for name in ("body", "orelse", "finalbody"):
        body = getattr(node, name, None)
        if isinstance(body, list):
            setattr(node, name, [line for line in body if not _is_text(line)])


def _is_text(line: ast.AST) -> bool:
    return isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant) and isinstance(line.value.value, str)


def _imported(node: ast.AST, package: str) -> list[tuple[str, str | None]]:
    if isinstance(node, ast.Import):
        return [(alias.name, None) for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        source = _absolute(node, package)
        return [(source, None if alias.name == "*" else alias.name) for alias in node.names]
    return []


def _absolute(node: ast.ImportFrom, package: str) -> str:
    """Return the module that is imported from, with the dots of a relative import resolved."""
    base = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
    return ".".join([*base, *([node.module] if node.module else [])])


@cache
def _is_ours(top: str) -> bool:
    """Return whether a top-level package is mer, or outside Python's folders of installed packages."""
    if top == "mer":
        return True
    file = _file(top)
    return file is not None and not _is_in_python(file)


def _is_in_python(file: Path) -> bool:
    return any(file.is_relative_to(folder) for folder in _installed())


@cache
def _installed() -> tuple[Path, ...]:
    return tuple(Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib"))


def _file(module: str) -> Path | None:
    """Return the file of a module; None for one without, such as a folder without ``__init__.py``."""
    if module == "mer" or module.startswith("mer."):
        path = _PACKAGE.joinpath(*module.split(".")[1:])
        files = (path / "__init__.py", path.with_suffix(".py"))
        return next((file for file in files if file.is_file()), None)
    loaded = sys.modules.get(module)
    origin = getattr(loaded, "__file__", None) if loaded else _origin(module)
    return Path(origin).resolve() if origin and Path(origin).is_file() else None


def _origin(module: str) -> str | None:
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, AttributeError, ValueError):
        return None
    return spec.origin if spec else None
