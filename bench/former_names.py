"""What the measured tree calls otherwise: a base from before a module moved is measured by the same benchmark."""

import importlib
from typing import Any


def first_of(*modules: str) -> Any:
    """Import the first of the modules that the tree has, the newest name first.

    Raises:
        ModuleNotFoundError: it has none of them, or one of them needs what is not installed.
    """
    for module in modules[:-1]:
        try:
            return importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{module}.".startswith(f"{error.name}."):
                raise
    return importlib.import_module(modules[-1])
