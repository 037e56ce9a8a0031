import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import threading, time
from textual.drivers._writer_thread import WriterThread
from moetui.tui.lost_terminal import end_with_terminal

class Gone:
    def write(self, text): raise {fault}
    def flush(self): pass

end_with_terminal()
writer = WriterThread(Gone())
writer.start()
writer.write("text")
writer.join()
print("goes on")
"""


def ends(fault: str) -> tuple[int, str]:
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(fault=fault)], capture_output=True, text=True, check=False
    )
    return answer.returncode, answer.stdout


def test_a_terminal_that_is_gone_ends_the_process() -> None:
    assert ends("OSError(5, 'Input/output error')") == (129, "")


def test_other_faults_of_the_writer_are_left_to_whoever_saw_them_before() -> None:
    assert ends("ValueError('a fault of our own')") == (0, "goes on\n")


SERVED = """
from pathlib import Path
from moetui.core.runs.lab import Lab
from moetui.core.workspace import Workspace
from moetui.tui.app import MoetuiApp

app = MoetuiApp(Lab(Workspace(Path())))
if {web}:
    app.driver_class = __import__("textual.drivers.web_driver").drivers.web_driver.WebDriver
    app._driver = app.driver_class.__new__(app.driver_class)
app._handle_exception({fault})
print("goes on")
"""


@pytest.mark.parametrize(
    ("web", "fault", "code"), [(True, "BrokenPipeError(32, 'Broken pipe')", 129), (False, "BrokenPipeError()", 0)]
)
def test_a_server_that_is_gone_ends_the_process_without_a_word(web: bool, fault: str, code: int, user: Path) -> None:
    program = SERVED.format(web=web, fault=fault)
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=user)
    assert (answer.returncode, answer.stdout) == (code, "" if web else "goes on\n"), answer.stderr
    log = user / "tui.log"
    assert log.exists() != web
    log.unlink(missing_ok=True)
