"""`python -m tests.faults` tries every fault and writes the table of docs/reliability.md."""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.faults.conftest import COUNTS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- faults -->\n", "<!-- end of faults -->"


def table(counts: dict[str, int]) -> str:
    """The counts as a table, the largest last."""
    rows = [f"| {name} | {count:,} |" for name, count in sorted(counts.items(), key=lambda item: item[1])]
    return "\n".join(
        ["| faults injected into | tried |", "|---|---:|", *rows, f"| **all** | **{sum(counts.values()):,}** |", ""]
    )


def main() -> int:
    """Run the tests of this folder whole; the table is written if all of them pass."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "counts.json"
        command = [sys.executable, "-m", "pytest", "-q", "tests/faults", *sys.argv[1:]]
        code = subprocess.run(command, cwd=ROOT, env=os.environ | {COUNTS: str(path)}, check=False).returncode
        if code == 0:
            pattern = re.compile(f"(?<={re.escape(BEGIN)}).*?(?={re.escape(END)})", re.DOTALL)
            written = table(json.loads(path.read_text()))
            PAGE.write_text(pattern.sub(lambda _: written, PAGE.read_text()))
    return code


if __name__ == "__main__":
    sys.exit(main())
