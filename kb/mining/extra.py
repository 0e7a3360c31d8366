"""The packages of the extra ``mining``, imported when they are needed."""

from __future__ import annotations

import importlib
from types import ModuleType

from ..errors import ToolMissing


def needed(name: str) -> ModuleType:
    """A module of the extra.

    Raises ToolMissing where the extra is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError:
        package = name.split(".")[0]
        raise ToolMissing(
            f"Mining needs the package {package}, which is not installed",
            hint="pip install 'commerce-kb[mining]'",
        ) from None
