"""Runs a Python program of Arvados on our functions: ``python3 -m keepdocker run PROGRAM ARGUMENT...``.

The program may be a command such as ``arvados-cwl-runner``, sought beside this Python and on ``PATH``, or the path of
a script. One that belongs to another Python is run by that one, which needs no package installed.
"""

import os
import re
import runpy
import shutil
import sys

from . import install

USAGE = "usage: python3 -m keepdocker run PROGRAM [ARGUMENT...]\n"

# Set for the other Python, so that two of them never hand a program to and fro.
HANDED_OVER = "KEEPDOCKER_HANDED_OVER"


def main(words):
    if words[:1] in (["-h"], ["--help"]):
        sys.stdout.write(USAGE + "\n" + __doc__)
        return
    if len(words) < 2 or words[0] != "run":
        sys.stderr.write(USAGE)
        raise SystemExit(2)
    name, arguments = words[1], words[2:]
    is_handed_over = os.environ.pop(HANDED_OVER, None) is not None
    script = _find(name)
    if script is None:
        _fail("there is no program `%s` beside %s or on PATH" % (name, sys.executable))
    interpreter = _interpreter(script)
    if interpreter is None:
        _fail("%s is no Python script, so it cannot be run on other functions than its own" % script)
    if not _is_this(interpreter) and not is_handed_over:
        _hand_over(interpreter, [script] + arguments)
    try:
        install()
    except ImportError as problem:
        _fail("this Python (%s) has no Arvados SDK: %s" % (sys.executable, problem))
    sys.argv = [script] + arguments
    # Where a script that is run finds its own modules first.
    sys.path[0] = os.path.dirname(os.path.realpath(script))
    runpy.run_path(script, run_name="__main__")


def _find(name):
    """Returns the path of the program."""
    if os.sep in name:
        return name if os.path.isfile(name) else None
    # A virtual environment need not be on PATH to be meant: its Python was called.
    places = [os.path.dirname(sys.executable), os.environ.get("PATH", os.defpath)]
    found = shutil.which(name, path=os.pathsep.join(place for place in places if place))
    return found or (name if name.endswith(".py") and os.path.isfile(name) else None)


def _interpreter(script):
    """Returns the Python that the script asks for, "" if it asks for whichever there is, or None if it is for none."""
    with open(script, "rb") as file:
        first = file.readline(4096)
        second = file.readline(4096)
    if not first.startswith(b"#!"):
        return "" if script.endswith(".py") else None
    words = os.fsdecode(first[2:]).split()
    if words and os.path.basename(words[0]) == "sh":
        # How installers write a path that is too long for a first line, or has blanks.
        found = re.match(r"'''exec' (?:\"([^\"]+)\"|(\S+)) ", os.fsdecode(second))
        words = [found.group(1) or found.group(2)] if found else []
    if words and os.path.basename(words[0]) == "env":
        words = [word for word in words[1:] if not word.startswith("-")]
        return "" if words and _is_python(words[0]) else None
    return words[0] if words and _is_python(words[0]) else None


def _is_python(path):
    return os.path.basename(path).startswith(("python", "pypy"))


def _is_this(interpreter):
    """Tells whether it is the Python that runs this: the links of a virtual environment lead out of it."""
    if not interpreter:
        return True
    folder = os.path.dirname
    return os.path.realpath(folder(interpreter)) == os.path.realpath(folder(sys.executable)) and (
        os.path.realpath(interpreter) == os.path.realpath(sys.executable))


def _hand_over(interpreter, words):
    """Becomes the other Python, which finds this package where it is."""
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    code = "import sys; sys.path.append(%r); from keepdocker.__main__ import main; main(['run'] + sys.argv[1:])" % here
    environment = dict(os.environ, **{HANDED_OVER: "1"})
    try:
        os.execve(interpreter, [interpreter, "-c", code] + words, environment)
    except OSError as problem:
        _fail("cannot run %s, which `%s` asks for: %s" % (interpreter, words[0], problem))


def _fail(text):
    sys.stderr.write("error: %s\n" % text)
    raise SystemExit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
