"""Arguments that mean the same in another process: files by absolute names, standard input as a file."""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..formats import STANDARD_INPUT
from ..loading.inputs import SCHEMA_ORG


@contextlib.contextmanager
def portable(arguments: Mapping[str, Any], paths: Collection[str]) -> Iterator[dict[str, Any]]:
    """The arguments, with those that `paths` names (a file, or several) made absolute.

    Standard input is copied to a file that is there as long as the context.
    """
    with contextlib.ExitStack() as kept:

        def absolute(path: str | Path) -> Path:
            given = Path(path)
            if given == STANDARD_INPUT:
                return _spooled(kept)
            return given if given == SCHEMA_ORG else given.absolute()

        found = dict(arguments)
        for name in paths:
            value = found.get(name)
            if isinstance(value, (str, Path)):
                found[name] = absolute(value)
            elif value is not None:
                found[name] = [absolute(one) for one in value]
        yield found


def _spooled(kept: contextlib.ExitStack) -> Path:
    """Standard input as a file that is named like it."""
    folder = kept.enter_context(tempfile.TemporaryDirectory(prefix="commerce-kb-"))
    place = Path(folder) / STANDARD_INPUT
    with place.open("wb") as sink:
        shutil.copyfileobj(sys.stdin.buffer, sink, 1 << 20)
    return place
