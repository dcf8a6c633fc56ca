"""A process that must not outlive the one that started it."""

import ctypes
import os
import signal
import sys

# Given to each child: the number of the process that started it.
PARENT = "KACANG_PARENT"
_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Have the kernel end this process when `parent` ends, however that happens."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    # It may have ended before we asked.
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)


def follow_parent() -> None:
    """Die with the supervisor when one started us."""
    parent = os.environ.pop(PARENT, "")
    if parent.isdigit():
        die_with_parent(int(parent))
