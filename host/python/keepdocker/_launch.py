"""Becomes the program that is installed with this package.

A wheel cannot hold links, and the program is the drop-in where it is called by that name.
"""

import os
import signal
import sys

from ._programs import Error, installed


def arv_keepdocker():
    """Becomes ``arv-keepdocker``; returns only with an exception."""
    path = installed()
    if path is None:
        raise Error("there is no program `keepdocker` beside %s; install this package's wheel for your platform" % sys.executable)
    # Python ignores these, and what a program ignores, those that it becomes ignore too.
    for name in ("SIGPIPE", "SIGXFSZ"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    os.execv(path, ["arv-keepdocker"] + sys.argv[1:])
