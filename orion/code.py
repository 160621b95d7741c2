"""Which code an artifact depends on: a digest of a stage's module and of every orion module that it imports.

Snakemake sees a rule's shell command, not what `python -m orion.x` imports. Rules take this digest as a param, so that
an edited function reruns the stages that use it and no others. Docstrings, comments and formatting do not count.
"""

from __future__ import annotations

import ast
import atexit
import contextlib
import hashlib
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from orion.files import write_json

ROOT = Path(__file__).resolve().parent.parent
# What parsing a file told, by the digest of its bytes: as with compiled code, kept only to be fast.
KEPT = Path(__file__).parent / "__pycache__/code_digests.json"


class _Code(NamedTuple):
    """Of one file: the digest of its code, and the orion modules that it imports."""

    digest: str
    imports: tuple[str, ...]


_read: dict[str, list[Any]] = {}  # parsed by this process


@cache
def _path(module: str) -> Path | None:
    """The file of a module of this package; None for any other name."""
    base = ROOT.joinpath(*module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body
            if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
                node.body = body[1:] or [ast.Pass()]
    return tree


def _imports(tree: ast.Module) -> Iterator[str]:
    """Modules named by any import of the file, lazy ones inside functions included. Those that exist only for the type
    checker are not code that runs."""
    for node in ast.iter_child_nodes(tree):
        yield from _imports_below(node)


def _imports_below(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    for child in ast.iter_child_nodes(node):
        yield from _imports_below(child)


def _bytes_digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@cache
def _kept() -> dict[str, list[Any]]:
    """File -> [digest of its bytes, what was parsed], from earlier processes."""
    own = [_bytes_digest(Path(__file__))]  # another version of this module may read code differently
    try:
        found: dict[str, list[Any]] = json.loads(KEPT.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = {}
    return found if found.get("by") == own else {"by": own}


@atexit.register
def _keep() -> None:
    """Keep what this process parsed for the next one. Where nothing can be written, that one parses again."""
    parsed = {name: code for name, code in _read.items() if _kept().get(name) != code}
    if parsed:
        with contextlib.suppress(OSError):
            write_json(KEPT, _kept() | parsed)


@cache
def _parsed(path: Path) -> _Code:
    name, key = str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else "", _bytes_digest(path)
    if (kept := _kept().get(name)) and kept[0] == key:
        return _Code(kept[1], tuple(kept[2]))
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imports = tuple(sorted({name for name in _imports(tree) if name.split(".")[0] == "orion"}))
    code = ast.unparse(_without_docstrings(tree))  # unlike `ast.dump`, the same on every version of Python
    found = _Code(hashlib.sha256(code.encode()).hexdigest(), imports)
    if name:
        _read[name] = [key, found.digest, list(imports)]
    return found


def modules_of(*entries: str) -> list[str]:
    """The entry modules and all orion modules that they import, directly or not, packages' `__init__` included."""
    found: set[str] = set()
    todo = list(entries)
    while todo:
        module = todo.pop()
        if module in found or (path := _path(module)) is None:
            continue
        found.add(module)
        todo.extend(_parsed(path)[1])
        if "." in module:
            todo.append(module.rpartition(".")[0])
        if path.name == "__init__.py" and (path.parent / "__main__.py").is_file() and module in entries:
            todo.append(f"{module}.__main__")
    return sorted(found)


@cache
def code_digest(*entries: str) -> str:
    """Short digest of all code that `python -m ENTRY` may run."""
    return own_digest(*modules_of(*entries))


def own_digest(*modules: str) -> str:
    """Short digest of the code of these modules, without what they import."""
    whole = hashlib.sha256()
    for module in modules:
        path = _path(module)
        assert path is not None
        whole.update(f"{module} {_parsed(path)[0]}\n".encode())
    return whole.hexdigest()[:16]
