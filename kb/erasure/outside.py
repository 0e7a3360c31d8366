"""What becomes of the copies that a store has made of itself when a buyer is forgotten."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..exports.files import MANIFEST
from ..exports.pseudonyms import export_key, export_pseudonym
from ..loading.pseudonyms import secret_of
from ..store import Folder
from ..store.copies import Copies, Copy


@dataclass(frozen=True)
class Fate:
    """A copy and what became of it; `pseudonym` is what the buyer is called in exports of that name.

    ``removed``: an export that was still there. ``gone``: it is not there any more; whoever has a copy of it must take
    the buyer out. ``kept``: a backup, which is not changed.
    """

    copy: Copy
    state: Literal["removed", "gone", "kept"]
    pseudonym: str = ""

    def __str__(self) -> str:
        one = self.copy
        if self.state == "kept":
            return (
                f"backup {one.place} of {one.time[:10]} still knows the buyer and has a copy of the key: delete it, or "
                "restore it, forget the buyer there, and back up anew"
            )
        if one.kind == "backup":
            return f"backup {one.place} of {one.time[:10]} is not there any more: delete it where it went"
        done = "removed; make it anew with kb export" if self.state == "removed" else "not there any more"
        return f"export {one.place} ({one.format}): {done}; in copies of it the buyer is {self.pseudonym}"

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**self.copy.to_dict(), "state": self.state, "pseudonym": self.pseudonym}


def settled(folder: Folder, buyer: str) -> tuple[Fate, ...]:
    """Remove the exports that hold buyers, and say what became of each copy; backups that are there stay noted."""
    copies, secret = Copies(folder.path), secret_of(folder.path)
    fates = []
    for one in copies.all():
        if one.kind == "backup":
            fates.append(Fate(one, "kept" if one.place.exists() else "gone"))
            continue
        pseudonym = export_pseudonym(buyer, export_key(secret, one.name))
        there = _is_export(one.place)
        if there:
            shutil.rmtree(one.place)
        fates.append(Fate(one, "removed" if there else "gone", pseudonym))
    if fates:
        copies.keep([one.copy for one in fates if one.state == "kept"])
    return tuple(fates)


def _is_export(place: Path) -> bool:
    """Whether what lies there is an export: something else may have been put in its place."""
    try:
        return "format" in json.loads((place / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
