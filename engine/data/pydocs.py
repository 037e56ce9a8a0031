"""The `pydocs` source: documentation strings of installed packages, real technical English on any machine, without a network.

The packages are read as text with `ast` and never imported. One module makes one document; tests are left out. What was
extracted is kept in the cache, under the versions of the packages.
"""

import ast
import hashlib
import importlib.metadata
import importlib.util
import inspect
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson

from engine.data.cache import building, cache_root
from engine.errors import InputError

PACKAGES = ("networkx", "numpy", "sympy")
_FORMAT = 1  # raise it when the extraction changes, so that old cache entries are left alone

_SHORTEST = 200  # characters; less is a heading without a text
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def pydocs_identity() -> str:
    """What the documents depend on: the packages and their versions."""
    try:
        versions = [f"{package}={importlib.metadata.version(package)}" for package in PACKAGES]
    except importlib.metadata.PackageNotFoundError as error:
        raise InputError(f"data.source = pydocs reads the package {error.name}, which is not installed") from None
    return " ".join([f"pydocs-{_FORMAT}", *versions])


def pydocs_documents(say: Callable[[str], None]) -> Iterator[str]:
    """One document per documented module, in the order of the packages and their paths."""
    name = "pydocs-" + hashlib.sha256(pydocs_identity().encode()).hexdigest()[:16]
    kept = cache_root() / "documents" / f"{name}.jsonl"
    if not kept.exists():
        say("reading the documentation of " + ", ".join(PACKAGES))
        with building(name) as workplace:
            if not kept.exists():
                _extract(workplace / "documents.jsonl")
                kept.parent.mkdir(exist_ok=True)
                (workplace / "documents.jsonl").rename(kept)
    with kept.open("rb") as file:
        for line in file:
            yield orjson.loads(line)


def _extract(target: Path) -> None:
    with target.open("wb") as file:
        for package in PACKAGES:
            for path in _modules(package):
                text = module_text(path.read_text(encoding="utf-8", errors="replace"))
                if len(text) >= _SHORTEST:
                    file.write(orjson.dumps(text, option=orjson.OPT_APPEND_NEWLINE))


def _modules(package: str) -> list[Path]:
    spec = importlib.util.find_spec(package)
    assert spec is not None, f"{package} is installed but cannot be found"
    roots = spec.submodule_search_locations or []
    found = ((Path(root), path) for root in roots for path in Path(root).rglob("*.py"))
    return sorted(path for root, path in found if "tests" not in path.relative_to(root).parts)


def module_text(source: str) -> str:
    """The documentation strings of a module in the order of its source, separated by empty lines; "" if it has none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd escapes in somebody else's source are no news to the user
            tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return ""  # a template, or an example of broken syntax
    texts = (ast.get_docstring(node, clean=False) for node in _documented(tree))
    return "\n\n".join(cleaned for text in texts if text and (cleaned := inspect.cleandoc(text)))


def _documented(node: ast.AST) -> Iterator[ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    """The node and everything inside it that can have documentation; expressions, most of a tree, are not entered."""
    if isinstance(node, _DOCUMENTED):
        yield node
    for block in ("body", "handlers", "orelse", "finalbody"):
        for child in getattr(node, block, ()):
            if isinstance(child, ast.stmt | ast.ExceptHandler):
                yield from _documented(child)
