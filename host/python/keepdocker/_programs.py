"""How our programs are run: in which environment, and where what they say goes."""

import contextlib
import logging
import os
import re
import select
import signal
import subprocess
import sys
import sysconfig
import threading

# The SDK's module has this one, and programs of Arvados show what it gets.
LOGGER = logging.getLogger("arvados.keepdocker")

# A message of arv-keepdocker; lines that are indented belong to the one before.
MESSAGE = re.compile(r"[-0-9]{10} [:0-9]{8} arvados\.keepdocker\[[0-9]+\] (DEBUG|INFO|WARNING|ERROR): (.*)", re.DOTALL)


# For how many seconds more lines may belong to a message.
WHOLE = 0.1


class Error(Exception):
    """keepdocker could not be run, or failed; the text is what it told the user, and `code` how it ended, if it did."""

    def __init__(self, text, code=None):
        super().__init__(text)
        self.code = code


def program(variable, name):
    """Returns the program's file and the name to call it by.

    The variable's program comes first, then the one that was installed with this package, then the search path.
    """
    given = os.environ.get(variable, "")
    if given.strip():
        return given, given
    return installed() or name, name


def installed():
    """Returns the program ``keepdocker`` that was installed where this Python installs programs, or None.

    An environment need not be on the search path to be meant: its Python was called. The one program is both; which
    is meant it sees from the name that it is called by.
    """
    schemes = [sysconfig.get_default_scheme(), sysconfig.get_preferred_scheme("user")] if sys.version_info >= (3, 10) else [None]
    for scheme in schemes:
        folder = sysconfig.get_path("scripts", scheme) if scheme else sysconfig.get_path("scripts")
        path = os.path.join(folder, "keepdocker")
        if os.access(path, os.X_OK):
            return path
    return None


def answer(program, words, api_client):
    """Runs a command of keepdocker to its end and returns what it answers.

    Its warnings go to the logger; its errors are raised, for the caller to tell.
    """
    with _started(program, words, api_client) as child:
        text, told = child.communicate()
    told = told.decode("utf-8", "replace").strip()
    if child.returncode != 0:
        raise Error(told or "%s failed with status %d" % (program[1], child.returncode), child.returncode)
    for line in told.splitlines():
        if line.startswith("warning: "):
            LOGGER.warning("%s", line[len("warning: "):])
    return text.decode("utf-8")


def relay(program, arguments, stdout, stderr, forwards_signals, api_client):
    """Runs arv-keepdocker, hands on what it writes while it runs, and returns how it ended."""
    words = list(arguments)
    if _is_terminal(stderr) and not _tells_of_progress(words):
        # The program sees a pipe, where it shows none of its own accord.
        words.insert(0, "--progress")
    with _started(program, words, api_client) as child:
        with _forwarding(child) if forwards_signals else contextlib.nullcontext():
            messages = threading.Thread(target=_hand_on, args=(child.stderr, stderr), daemon=True)
            messages.start()
            text = child.stdout.read().decode("utf-8", "replace")
            messages.join()
            # A reader that has gone has seen what it wanted.
            with contextlib.suppress(BrokenPipeError):
                stdout.write(text)
            code = child.wait()
    if code < 0:
        # Like a shell, tell of a signal by a number above 128.
        return 128 - code
    # What a process cannot say, and the SDK's function can: the negative number of a signal.
    return code - 256 if code > 192 else code


@contextlib.contextmanager
def _started(program, words, api_client):
    """Runs a program, and ends it where this process stops waiting for it."""
    try:
        file, name = program
        child = subprocess.Popen([name] + words, executable=file, env=_environment(api_client), stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except (OSError, ValueError) as problem:
        raise Error("cannot run %s: %s" % (program[0], problem))
    try:
        yield child
    except BaseException:
        child.terminate()
        raise
    finally:
        child.wait()
        child.stdout.close()
        child.stderr.close()


def _environment(api_client):
    """Returns the environment for our program, with the client's cluster and token in it."""
    environment = dict(os.environ)
    token = getattr(api_client, "api_token", None)
    url = getattr(api_client, "_rootDesc", None)
    host = url.get("rootUrl") if isinstance(url, dict) else None
    if isinstance(token, str) and token and isinstance(host, str) and host.startswith("https://"):
        environment["ARVADOS_API_HOST"] = host[len("https://"):].rstrip("/")
        environment["ARVADOS_API_TOKEN"] = token
        insecure = getattr(api_client, "insecure", None)
        if isinstance(insecure, bool):
            # What the environment says is meant for the environment's own cluster.
            environment["ARVADOS_API_HOST_INSECURE"] = "true" if insecure else "false"
    return environment


def _hand_on(pipe, stderr):
    """Gives messages to the logger, and all else to the stream as it comes."""
    log = _Log(stderr)
    pending = b""
    while True:
        if log.is_pending() and not select.select([pipe], [], [], WHOLE)[0]:
            log.flush()
        some = os.read(pipe.fileno(), 1 << 16)
        lines = (pending + some).splitlines(keepends=True)
        pending = b""
        if some and lines and not lines[-1].endswith((b"\n", b"\r")):
            pending = lines.pop()
        for line in lines:
            log.line(line.decode("utf-8", "replace"))
        if pending and lines and lines[-1].endswith(b"\r"):
            # A line of progress is drawn anew again and again, and ends late.
            log.line(pending.decode("utf-8", "replace"))
            pending = b""
        if not some:
            log.flush()
            return


class _Log:
    """What a program writes to standard error, line by line."""

    def __init__(self, stderr):
        self.stderr = stderr
        self.level = None
        self.text = ""
        # Without a handler the words would be lost, or come without their form.
        self.has_listeners = LOGGER.hasHandlers()

    def is_pending(self):
        return self.level is not None

    def line(self, line):
        found = MESSAGE.fullmatch(line.rstrip("\r\n")) if self.has_listeners else None
        if found:
            self.flush()
            self.level, self.text = getattr(logging, found.group(1)), found.group(2)
        elif self.level is not None and line.startswith("  "):
            self.text += "\n" + line.rstrip("\r\n")
        else:
            self.flush()
            if self.stderr is not None:
                self.stderr.write(line)
                self.stderr.flush()

    def flush(self):
        if self.level is not None:
            LOGGER.log(self.level, "%s", self.text)
        self.level = None


@contextlib.contextmanager
def _forwarding(child):
    """Gives the program the signals that are meant to end it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    wanted = [signal.SIGINT, signal.SIGQUIT, signal.SIGTERM]
    # What is ignored here, the program ignores too.
    wanted = [number for number in wanted if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, lambda number, _frame: child.send_signal(number)) for number in wanted}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def _is_terminal(stream):
    try:
        return stream.isatty()
    except (AttributeError, ValueError):
        return False


def _tells_of_progress(arguments):
    """Tells whether an option of progress, or the beginning of one, is among the arguments."""
    options = ("--progress", "--no-progress", "--batch-progress", "--silent")
    words = [word for word in arguments if len(word) > 2]
    return any(option.startswith(word) for word in words for option in options)
