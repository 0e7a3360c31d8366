"""The folders that ship with the code: bundled in a wheel, beside the package in a checkout."""

from __future__ import annotations

from pathlib import Path

from .errors import StoreDamaged

_PACKAGE = Path(__file__).parent


def folder(name: str) -> Path:
    """The folder ``ontology`` or ``shapes``.

    >>> folder("ontology").is_dir()
    True

    Raises StoreDamaged when the installation lacks it.
    """
    for place in (_PACKAGE / "_bundled" / name, _PACKAGE.parent / name):
        if place.is_dir():
            return place
    raise StoreDamaged(
        f"The folder '{name}' is missing from this installation", hint="install commerce-kb again"
    )
