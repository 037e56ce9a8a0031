import subprocess
import sys

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
