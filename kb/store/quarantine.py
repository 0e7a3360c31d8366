"""Quarantine: what the gate held back, outside the queryable graph, with the reason beside it.

A folder per commit: ``quads.nq`` (the quads as received) and ``report.json`` (the validation report).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from ..columns.batches import lines
from .journal import Commit


@dataclass(frozen=True)
class Entry:
    """What one commit left in quarantine: nodes with their quads in a file, and the report."""

    commit: str
    source: str
    nodes: tuple[str, ...]
    quads: Path
    report: dict

    def reasons(self, node: str) -> list[str]:
        """The messages about one node; none for a node held back because of another."""
        return [
            f"{one['shapeId']}: {one['message'].get('en', '')}"
            for one in self.report["results"]
            if one["focus"] == node
        ]


class Quarantine:
    """The quarantine of a store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(
        self, commit: Commit, *, nodes: Iterable[str], quads: Iterable[pa.RecordBatch], report: dict
    ) -> Path:
        """Keep what a commit had to leave out; gives the folder."""
        place = self.folder / commit.name
        place.mkdir(parents=True, exist_ok=True)
        with (place / "quads.nq").open("wb") as sink:
            for batch in quads:
                sink.write(lines(batch))
        about = {"commit": commit.id, "source": commit.source, "nodes": list(nodes), "report": report}
        (place / "report.json").write_text(json.dumps(about, ensure_ascii=False, indent=1), encoding="utf-8")
        return place

    def drop(self, commit: Commit) -> None:
        """Take back what a commit that failed had put here."""
        shutil.rmtree(self.folder / commit.name, ignore_errors=True)

    def keep(self, names: set[str]) -> None:
        """Drop what a commit left here that never came to be."""
        for place in self.folder.glob("*"):
            if place.name not in names:
                shutil.rmtree(place, ignore_errors=True)

    def entries(self) -> list[Entry]:
        """All entries, oldest first."""
        found = []
        for place in sorted(self.folder.glob("*/report.json")):
            about = json.loads(place.read_text(encoding="utf-8"))
            nodes = tuple(about["nodes"])
            found.append(
                Entry(about["commit"], about["source"], nodes, place.parent / "quads.nq", about["report"])
            )
        return found
