"""Calls the SDK's `main` as its tests, its command line and other programs do, and prints how that ends.

Takes the arguments of one call on each line of standard input; a line that begins with `quiet` is one whose words differ.
"""

import contextlib
import io
import logging
import sys

import arvados
import arvados.commands.keepdocker as module
from told import ending


class Records(logging.Handler):
    """What reaches the loggers of a program that shows messages in its own way."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.texts = []

    def emit(self, record):
        if record.name == "arvados.keepdocker":
            text, _, _ = record.getMessage().splitlines()[0].partition(" (X-Request-Id: ")
            self.texts.append("%s: %s" % (record.levelname, text))


records = Records()
logging.getLogger().addHandler(records)
api = arvados.api("v1")
for line in sys.stdin:
    words = line.split()
    is_quiet = words[:1] == ["quiet"]
    words = words[1:] if is_quiet else words
    output = io.StringIO()
    del records.texts[:]
    with contextlib.redirect_stdout(io.StringIO()):
        code = ending(lambda: module.main(words, stdout=output, install_sig_handlers=False, api=api))
    print(words, code)
    if not is_quiet:
        print(output.getvalue(), end="")
        print(*records.texts, sep="\n")
