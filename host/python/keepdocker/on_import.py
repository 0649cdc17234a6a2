"""Puts our functions into the SDK's module as soon as a program imports it.

For a file ``keepdocker.pth`` in ``site-packages``, with the one line ``import keepdocker.on_import``. Programs that do not
import the SDK's module do as ever.
"""

import importlib.abc
import importlib.util
import sys

MODULE = "arvados.commands.keepdocker"


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the SDK's module as others do, and has its loader install ours."""

    def find_spec(self, name, path=None, target=None):
        if name != MODULE:
            return None
        # Asked again, the others answer.
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            import keepdocker
            module.list_images_in_arv = keepdocker.list_images_in_arv
            module.main = keepdocker.main

        spec.loader.exec_module = exec_module
        return spec


if MODULE in sys.modules:
    import keepdocker
    keepdocker.install()
else:
    sys.meta_path.insert(0, _Finder())
