"""Lets Python programs of Arvados list and upload images through keepdocker.

``arvados-cwl-runner`` and ``arv-copy`` import two functions of the Arvados SDK's module
``arvados.commands.keepdocker``: ``list_images_in_arv`` and ``main``. This module has both, with the
same signatures and answers, and runs our programs for them. There are three ways in:

* ``python3 -m keepdocker run arvados-cwl-runner ...`` runs a program on these functions;
* a file ``keepdocker.pth`` in ``site-packages`` with the line ``import keepdocker.on_import`` lets every
  program of that Python use them;
* ``install()`` puts them into the SDK's module from inside a program.

The program that was installed with this package is run, else those on ``PATH``; the environment variables
``KEEPDOCKER`` and ``ARV_KEEPDOCKER`` name others.
"""

import sys

from ._listing import list_images_in_arv
from ._programs import Error, program, relay

__all__ = ["Error", "install", "list_images_in_arv", "main"]


def main(arguments=None, stdout=sys.stdout, stderr=sys.stderr, install_sig_handlers=True, api=None):
    """Runs ``arv-keepdocker`` with the arguments and ends like it, with SystemExit.

    What the program tells its user goes to the logger ``arvados.keepdocker``, as in the SDK, and to
    ``stderr`` where nothing listens to that logger. Usage and progress always go to ``stderr``.

    With ``install_sig_handlers`` the program gets SIGINT, SIGQUIT and SIGTERM that come to this process.

    After an upload too it ends with SystemExit, where the SDK's function returns.
    """
    if arguments is None:
        arguments = sys.argv[1:]
    code = relay(program("ARV_KEEPDOCKER", "arv-keepdocker"), arguments, stdout, stderr, install_sig_handlers, api)
    raise SystemExit(code)


def install():
    """Makes the SDK's module use the functions of this one."""
    import arvados.commands.keepdocker as module
    module.list_images_in_arv = list_images_in_arv
    module.main = main
