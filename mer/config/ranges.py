"""The values that a component accepts, read from the checks in its source: nothing is imported or built."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

__all__ = ["ranges"]

_PACKAGE = Path(__file__).resolve().parents[1]


@lru_cache(maxsize=256)
def ranges(target: str) -> Mapping[str, str]:
    """Return what each setting of a component accepts, where its source compares it with fixed numbers or names.

    Parameters
    ----------
    target : str
        Dotted name of its class, as ``_target_`` gives it. A class outside of mer has no ranges.

    Returns
    -------
    mapping of str to str
        Setting -> ``at least 2``, ``0 to 1``, ``above 0`` or ``hard | linear``.
    """
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in _modules(target)]
    named = {name: values for tree in trees for name, values in _tuples(tree)}
    found: dict[str, str] = {}
    for tree in reversed(trees):  # the component's own module last: it knows best
        for call, names in _checks(tree, {}):
            text = _text(call, named)
            found |= {name: text for name in names if text}
    return found


def _tuples(tree: ast.Module) -> Iterator[tuple[str, list[str]]]:
    """Yield the names of a module that stand for several constants."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, _constants(node.value)


def _modules(target: str) -> list[Path]:
    """Return the module of a class first, then the others of its folder, where its base classes may be."""
    inner = target.split(".")[1:-1]
    place = _PACKAGE.joinpath(*inner)
    if not target.startswith("mer.") or not inner:
        return []
    own = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    return [own, *sorted(set(own.parent.glob("*.py")) - {own})] if own.exists() else []


def _checks(node: ast.AST, loops: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[ast.Call, list[str]]]:
    """Yield the calls of `mer.validation` below a node, each with the settings that it checks."""
    if isinstance(node, ast.For) and isinstance(node.target, ast.Name):
        loops = {**loops, node.target.id: tuple(_constants(node.iter))}
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id.startswith("require_"):
        yield node, [name.partition(".")[2] or name for name in _names(node.args[0], loops)]
    for child in ast.iter_child_nodes(node):
        yield from _checks(child, loops)


def _names(field: ast.expr, loops: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return the names that the first argument of a check stands for: text, or ``f"flow.{name}"`` inside a loop."""
    if isinstance(field, ast.Constant):
        return [str(field.value)]
    match field:
        case ast.JoinedStr(values=[ast.Constant(value=str(before)), ast.FormattedValue(value=ast.Name(id=loop))]):
            return [f"{before}{name}" for name in loops.get(loop, ())]
    return []


def _constants(node: ast.expr) -> list[str]:
    elements = node.elts if isinstance(node, ast.Tuple | ast.List) else []
    return [str(one.value) for one in elements if isinstance(one, ast.Constant)]


def _text(call: ast.Call, named: Mapping[str, list[str]]) -> str:
    assert isinstance(call.func, ast.Name)
    if call.func.id == "require_choice" and len(call.args) > 2:
        allowed = call.args[2]
        return " | ".join(named.get(allowed.id, []) if isinstance(allowed, ast.Name) else _constants(allowed))
    if call.func.id not in ("require_integer", "require_number"):
        return ""
    limits: dict[str | None, object] = {
        word.arg: word.value.value for word in call.keywords if isinstance(word.value, ast.Constant)
    }
    if len(limits) < len(call.keywords):
        return ""  # depends on another setting
    low, high = limits["low"], limits.get("high")
    if limits.get("above"):
        return f"above {low}" + (f", at most {high}" if high is not None else "")
    return f"at least {low}" if high is None else f"{low} to {high}"
