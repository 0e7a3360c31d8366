"""Quarantine: what the gate held back, outside the queryable graph, with the reason beside it.

A folder per commit: ``quads.nq`` (what it would have added, as received), ``removed.nq`` (what it would have
removed) and ``report.json`` (the nodes, where they come from, the validation report).
"""

from __future__ import annotations

import json
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from ..columns.batches import lines
from ..errors import NotFound
from ..graphs import of_source
from .durable import sync
from .journal import Commit

ADDED, REMOVED, REPORT = "quads.nq", "removed.nq", "report.json"


@dataclass(frozen=True)
class Entry(ABC):
    """What one commit left in quarantine: nodes with their quads, and the report.

    `numbers` are the nodes' numbers within the entry, which stay when others leave; `origins` says by node what
    is known about it (label, source, file, row).
    """

    commit: str
    source: str
    nodes: tuple[str, ...]
    report: dict
    numbers: tuple[int, ...] = ()
    origins: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """What the entry is called by."""
        return self.commit[:8]

    def id_of(self, node: str) -> str:
        """What one node of the entry is called by."""
        return f"{self.id}/{self.numbers[self.nodes.index(node)]}"

    def reasons(self, node: str) -> list[str]:
        """The messages about one node; none for a node held back because of another."""
        return [
            f"{one.get('shapeId', one['shape'])}: {_english(one['message'])}"
            for one in self.report["results"]
            if one["focus"] == node
        ]

    def fixes(self, node: str) -> list[str]:
        """What the shapes suggest for one node."""
        found = (
            _english(one["fix"]) for one in self.report["results"] if one["focus"] == node and "fix" in one
        )
        return list(dict.fromkeys(found))

    def about(self, nodes: Collection[str], *, added: bool = True) -> bytes:
        """The quads about some nodes, as N-Quads text: those to add, or those to remove."""
        chosen = {node.encode() for node in nodes}
        return b"".join(line for line in self._lines(added) if line.split(b" ", 1)[0] in chosen)

    def beside(self) -> bytes:
        """The quads to add that are about none of the nodes: what somebody added to mend them."""
        nodes = {node.encode() for node in self.nodes}
        return b"".join(line for line in self._lines(True) if line.split(b" ", 1)[0] not in nodes)

    def graphs(self) -> dict[str, set[str]]:
        """By subject, the graphs that its quads lie in, of all that the commit left here."""
        found: dict[str, set[str]] = {}
        for line in (*self._lines(True), *self._lines(False)):
            found.setdefault(line.split(b" ", 1)[0].decode(), set()).add(_graph_of(line))
        return found

    def graph(self) -> str:
        """The graph that the quads of its nodes are meant for, or that of its source."""
        first = next(iter(self.about(self.nodes).splitlines()), None)
        return of_source(self.source) if first is None else _graph_of(first)

    def only(self, node: str) -> Self:
        """The entry as if it held one node alone."""
        return replace(self, nodes=(node,), numbers=(self.numbers[self.nodes.index(node)],))

    def to_dict(self) -> dict[str, Any]:
        """The entry as JSON-ready values."""
        details = [
            {
                "id": self.id_of(node),
                "node": node,
                "reasons": self.reasons(node),
                "fixes": self.fixes(node),
                **self.origins.get(node, {}),
            }
            for node in self.nodes
        ]
        return {
            "id": self.id,
            "commit": self.commit,
            "source": self.source,
            "nodes": list(self.nodes),
            "held": details,
        }

    @abstractmethod
    def _lines(self, added: bool) -> Iterator[bytes]:
        """The quads to add, or those to remove, a line each."""


@dataclass(frozen=True)
class StoredEntry(Entry):
    """An entry with its `quads` in a file."""

    quads: Path = field(kw_only=True)

    def to_dict(self) -> dict[str, Any]:
        """The entry as JSON-ready values."""
        return {**super().to_dict(), "quads": str(self.quads)}

    def _lines(self, added: bool) -> Iterator[bytes]:
        path = self.quads if added else self.quads.with_name(REMOVED)
        if path.exists():
            with path.open("rb") as source:
                yield from source


def _graph_of(line: bytes) -> str:
    # A graph's name stands last, and no blank is in it.
    return line.rstrip(b" .\n").rsplit(b" ", 1)[-1].decode()[1:-1]


def _english(message: Mapping[str, str]) -> str:
    return message.get("en") or message.get("") or next(iter(message.values()), "")


class Quarantine:
    """The quarantine of a store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(
        self,
        commit: Commit,
        *,
        nodes: Iterable[str],
        quads: Iterable[pa.RecordBatch],
        spared: Iterable[pa.RecordBatch] = (),
        report: dict,
    ) -> Path:
        """Keep what a commit had to leave out: the rows it would have added, and those it would have removed."""
        place = self.folder / commit.name
        place.mkdir(parents=True, exist_ok=True)
        for name, batches in ((ADDED, quads), (REMOVED, spared)):
            with (place / name).open("wb") as sink:
                for batch in batches:
                    sink.write(lines(batch))
        names = tuple(nodes)
        numbers = tuple(range(1, len(names) + 1))
        self._describe(StoredEntry(commit.id, commit.source, names, report, numbers, quads=place / ADDED))
        return place

    def drop(self, commit: Commit) -> None:
        """Take back what a commit that failed had put here."""
        shutil.rmtree(self.folder / commit.name, ignore_errors=True)

    def keep(self, names: set[str]) -> None:
        """Drop what a commit left here that never came to be."""
        for place in self.folder.glob("*"):
            if place.name not in names:
                shutil.rmtree(place, ignore_errors=True)

    def entries(self) -> list[StoredEntry]:
        """All entries, oldest first."""
        return [_read(place) for place in sorted(self.folder.glob(f"*/{REPORT}"))]

    def entry(self, reference: str) -> StoredEntry:
        """The entry of an id (``4056d00b``), or one node of it (``4056d00b/2``, or the node's IRI).

        Raises NotFound.
        """
        id, _, number = reference.partition("/")
        for one in reversed(self.entries()):
            node = reference if reference.startswith("<") else f"<{reference}>"
            if node in one.nodes:
                return one.only(node)
            if len(id) >= 4 and one.commit.startswith(id):
                if not number:
                    return one
                if number.isdigit() and int(number) in one.numbers:
                    return one.only(one.nodes[one.numbers.index(int(number))])
        raise NotFound(f"Nothing in quarantine is called {reference}", hint="see kb quarantine list")

    def standing(
        self, source: str, *, quads: Iterable[pa.RecordBatch], spared: Iterable[pa.RecordBatch]
    ) -> StoredEntry | None:
        """The only entry of a source, if it has just these rows to add and to remove."""
        found = [one for one in self.entries() if one.source == source]
        if len(found) != 1:
            return None
        for added, batches in ((True, quads), (False, spared)):
            there, asked = b"".join(found[0]._lines(added)), b"".join(map(lines, batches))
            if sorted(there.split(b"\n")) != sorted(asked.split(b"\n")):
                return None
        return found[0]

    def whole(self, entry: StoredEntry) -> StoredEntry:
        """The entry as it lies there now, all its nodes in it.

        Raises NotFound.
        """
        return self.entry(entry.commit)

    def describe(
        self,
        entry: StoredEntry,
        *,
        report: dict | None = None,
        origins: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """Put another report, or what is known about its nodes, beside an entry."""
        origins = entry.origins if origins is None else {**entry.origins, **origins}
        self._describe(replace(entry, report=entry.report if report is None else report, origins=origins))

    def restate(self, entry: StoredEntry, *, added: bytes, removed: bytes) -> None:
        """Replace the quads that a whole entry would add, and those that it would remove."""
        _write(entry.quads.with_name(REMOVED), removed)
        _write(entry.quads, added)

    def let_go(self, entry: StoredEntry, nodes: Collection[str]) -> None:
        """Take nodes with their quads out of a whole entry; the last one takes the entry with it."""
        left = tuple(node for node in entry.nodes if node not in set(nodes))
        if not left:
            shutil.rmtree(entry.quads.parent, ignore_errors=True)
            return
        numbers = tuple(entry.numbers[entry.nodes.index(node)] for node in left)
        beside = entry.beside()
        rest = replace(entry, nodes=left, numbers=numbers)
        added, removed = rest.about(left) + beside, rest.about(left, added=False)
        self._describe(rest)
        _write(entry.quads, added)
        _write(entry.quads.with_name(REMOVED), removed)

    def expunge(self, mentions: Callable[[str], bool]) -> int:
        """Take out every node, quad, result and origin whose text mentions somebody; gives the number of nodes."""
        gone = 0
        for entry in self.entries():
            left = tuple(node for node in entry.nodes if not mentions(node))
            gone += len(entry.nodes) - len(left)
            if not left:
                shutil.rmtree(entry.quads.parent)
                continue
            texts = {
                added: b"".join(one for one in entry._lines(added) if not mentions(one.decode()))
                for added in (True, False)
            }
            results = [one for one in entry.report["results"] if not mentions(json.dumps(one))]
            origins = {
                node: said
                for node, said in entry.origins.items()
                if node in left and not mentions(json.dumps(said))
            }
            numbers = tuple(entry.numbers[entry.nodes.index(node)] for node in left)
            report = {**entry.report, "results": results}
            self._describe(replace(entry, nodes=left, numbers=numbers, report=report, origins=origins))
            self.restate(entry, added=texts[True], removed=texts[False])
        return gone

    def supersede(self, commit: Commit) -> None:
        """Drop what earlier loads of a commit's source left here: the source has been said anew."""
        for one in self.entries():
            if one.source == commit.source and one.quads.parent.name < commit.name:
                shutil.rmtree(one.quads.parent, ignore_errors=True)

    def _describe(self, entry: StoredEntry) -> None:
        about = {
            "commit": entry.commit,
            "source": entry.source,
            "nodes": entry.nodes,
            "numbers": entry.numbers,
            "origins": dict(entry.origins),
            "report": entry.report,
        }
        text = json.dumps(about, ensure_ascii=False, indent=1)
        _write(entry.quads.with_name(REPORT), text.encode())


def _read(place: Path) -> StoredEntry:
    about = json.loads(place.read_text(encoding="utf-8"))
    nodes = tuple(about["nodes"])
    return StoredEntry(
        about["commit"],
        about["source"],
        nodes,
        about["report"],
        tuple(about.get("numbers", range(1, len(nodes) + 1))),
        about.get("origins", {}),
        quads=place.with_name(ADDED),
    )


def _write(path: Path, content: bytes) -> None:
    """Replace a file as a whole."""
    draft = path.with_name(f".{path.name}")
    draft.write_bytes(content)
    sync(draft)
    draft.replace(path)
