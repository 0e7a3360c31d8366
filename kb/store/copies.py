"""What was copied out of a store: exports that hold buyers, and backups; one line of JSON each."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from ..errors import WriteFailed


@dataclass(frozen=True)
class Copy:
    """One copy: where it was written, of which snapshot, when; `format` and `name` are an export's."""

    kind: Literal["export", "backup"]
    place: Path
    snapshot: str
    format: str = ""
    name: str = ""
    time: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "place": str(self.place)}


class Copies:
    """The list of copies of a store; what is not in it can't be found again when a buyer is to be forgotten."""

    def __init__(self, store: Path) -> None:
        self.file = store / "copies.jsonl"

    def note(self, copy: Copy) -> None:
        """Note a copy before it is made.

        Raises WriteFailed.
        """
        line = json.dumps(copy.to_dict(), ensure_ascii=False).encode() + b"\n"
        try:
            handle = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(handle, line)
            finally:
                os.close(handle)
        except OSError as error:
            raise WriteFailed(
                f"The copy can't be noted: {error.strerror}",
                where=str(self.file),
                hint="what holds buyers is copied only where forgetting a buyer finds it again",
            ) from None

    def all(self) -> list[Copy]:
        """The copies, the last one made at each place, in the order of their making."""
        try:
            lines = self.file.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        found: dict[str, Copy] = {}
        for values in map(json.loads, lines):
            found.pop(values["place"], None)
            found[values["place"]] = Copy(**{**values, "place": Path(values["place"])})
        return list(found.values())

    def keep(self, copies: list[Copy]) -> None:
        """Note these alone; needs the write lock."""
        draft = self.file.with_suffix(".draft")
        draft.write_text("".join(json.dumps(one.to_dict(), ensure_ascii=False) + "\n" for one in copies))
        draft.chmod(0o600)
        draft.replace(self.file)
