"""Stands in for the engine in tests of the launcher: only `python -m engine` is another, the contract modules are the real ones."""

from pathlib import Path

__path__ = [str(Path(__file__).parent), str(Path(__file__).parents[3] / "engine")]
