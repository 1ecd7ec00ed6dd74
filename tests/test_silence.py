"""The library prints nothing by itself, not even warnings."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import unibatch
from unibatch.providers.truedy import Truedy

assert Truedy({}).read_call_status("a word of its own") is unibatch.CallStatus.UNKNOWN
"""


def test_a_warning_reaches_nobody_who_has_not_set_logging_up() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=True, text=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_a_warning_reaches_whoever_has() -> None:
    program = "import logging; logging.basicConfig(format='%(name)s %(levelname)s %(message)s')" + PROGRAM
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    assert done.stderr == (
        "unibatch WARNING truedy: unknown contact status 'a word of its own' is read as UNKNOWN; "
        "the word is kept in vendor_status\n"
    )
