"""Would a test fail if the code were wrong? Sampled faults, one at a time, in a copy of the repository.

    python -m tests.mutants [ROOM…] [--sample 20] [--seed 1] [--slow] [--timeout 600]

A mutant changes one thing in one file of a room: a comparison, an operator, a condition, a constant, or a statement is left out. It
is killed if a test of the room fails. `docs/testing.md` has the scores and the survivors that are the same program.
"""

import argparse
import ast
import copy
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

ROOT: Final = Path(__file__).parents[1]

ROOMS: Final[Mapping[str, tuple[str, ...]]] = {
    "engine/spec": ("tests/engine/spec", "tests/core/planning/test_audit.py"),
    "engine/runfiles": ("tests/engine/runfiles", "tests/core/runs/test_sessions.py"),
    "engine/health": ("tests/engine/health", "tests/core/runs/test_health.py"),
    "engine/optim": ("tests/engine/optim",),
    "engine/model": ("tests/engine/model", "tests/engine/generate"),
    "engine/data": ("tests/engine/data",),
    "engine/training": ("tests/engine/training",),
    "moetui/core/exchange": ("tests/core/exchange", "tests/cli/test_exchange.py"),
    "moetui/core/maintenance": ("tests/core/maintenance",),
    "moetui/core/queue": ("tests/core/queue", "tests/cli/test_stopping.py"),
    "moetui/core/runs": ("tests/core/runs",),
    "moetui/core/science": ("tests/core/science",),
    "moetui/tui/chart": ("tests/tui/chart",),
}
"""Each room with the tests that must find its faults."""

_COMPARISONS: Final[Mapping[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_OPERATORS: Final[Mapping[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv,
}  # fmt: skip


_NODES: Final = (
    ast.Compare,
    ast.BinOp,
    ast.BoolOp,
    ast.If,
    ast.IfExp,
    ast.Constant,
    ast.FunctionDef,
    ast.For,
    ast.With,
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault: the text of the file with it, and what it is."""

    path: Path
    line: int
    what: str
    text: str


def places(path: Path) -> Iterator[tuple[Path, int]]:
    """Every node of a file into which a fault can be put, by its number in the order of the walk."""
    for number, node in enumerate(ast.walk(ast.parse(path.read_text()))):
        if isinstance(node, _NODES) and _spoil(copy.deepcopy(node)) is not None:
            yield path, number


def mutant_at(path: Path, number: int) -> Mutant:
    """The file with a fault in one node."""
    tree = ast.parse(path.read_text())
    node = list(ast.walk(tree))[number]
    what = _spoil(node)
    assert what is not None
    return Mutant(path, getattr(node, "lineno", 0), what, ast.unparse(tree))


def _spoil(node: ast.AST) -> str | None:
    """Put a fault into the node; what it is, or None if there is none for it."""
    match node:
        case ast.Compare(ops=[operator, *_]) if type(operator) in _COMPARISONS:
            node.ops[0] = _COMPARISONS[type(operator)]()
            return f"{type(operator).__name__} becomes {type(node.ops[0]).__name__}"
        case ast.BinOp(op=operator) if type(operator) in _OPERATORS and not isinstance(
            node.right, ast.Constant | ast.JoinedStr
        ):
            node.op = _OPERATORS[type(operator)]()
            return f"{type(operator).__name__} becomes {type(node.op).__name__}"
        case ast.BoolOp():
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            return "and for or, or the reverse"
        case ast.If() | ast.IfExp():
            node.test = ast.UnaryOp(ast.Not(), node.test)
            return "the condition is turned round"
        case ast.Constant(value=bool() | int() | float() as value):
            node.value = not value if isinstance(value, bool) else value + 1
            return f"{value} becomes {node.value}"
        case ast.FunctionDef(body=body) | ast.For(body=body) | ast.With(body=body) if len(body) > 1:
            left_out = next((place for place, one in enumerate(body) if _can_go(one)), None)
            if left_out is not None:
                gone = body.pop(left_out)
                return f"left out: {ast.unparse(gone).splitlines()[0]}"
    return None


def _can_go(statement: ast.stmt) -> bool:
    call = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
    return call or isinstance(statement, ast.Raise | ast.AugAssign)


def survives(repository: Path, mutant: Mutant, tests: tuple[str, ...], *, slow: bool, timeout: float) -> bool:
    """Whether all tests of the room pass with the fault in the copy."""
    file = repository / mutant.path.relative_to(ROOT)
    whole = file.read_text()
    file.write_text(mutant.text)
    marks = "not long" if slow else "not (slow or long)"
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-m", marks, *tests]
    try:
        return (
            subprocess.run(command, cwd=repository, capture_output=True, timeout=timeout, check=False).returncode == 0
        )
    except subprocess.TimeoutExpired:
        return False  # it no longer comes to an end: somebody would notice
    finally:
        file.write_text(whole)


def main() -> None:
    """Sample faults in each room and print its score and its survivors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rooms", nargs="*", default=list(ROOMS))
    parser.add_argument("--sample", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--slow", action="store_true", help="with the slow tests")
    parser.add_argument("--timeout", type=float, default=600)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        repository = Path(folder) / "repository"
        shutil.copytree(
            ROOT, repository, ignore=shutil.ignore_patterns(".git", ".venv", "__pycache__", "shared", ".*_cache")
        )
        for room in chosen.rooms:
            every = [place for path in sorted((ROOT / room).rglob("*.py")) for place in places(path)]
            sample = [mutant_at(*place) for place in Random(chosen.seed).sample(every, min(chosen.sample, len(every)))]
            alive = []
            for mutant in sample:
                if survives(repository, mutant, ROOMS[room], slow=chosen.slow, timeout=chosen.timeout):
                    alive.append(mutant)
                    print(f"  survived: {mutant.path.relative_to(ROOT)}:{mutant.line} {mutant.what}", flush=True)
            print(f"{room}: {len(sample) - len(alive)} of {len(sample)} killed, {len(every)} possible", flush=True)


if __name__ == "__main__":
    main()
