"""Changes: a commit's own patch, or the net difference of two commits' states; rows are read when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyoxigraph as ox

from .. import graphs
from ..columns.batches import lines
from ..columns.dictionary import Dictionary
from ..columns.rows import Rows
from ..errors import NotFound
from ..store import Commit, Journal
from .netting import net_of, steps_of

_NOTES = pa.array([f"<{name}>" for name in (graphs.COMMITS, graphs.PRIVATE_COMMITS)], pa.large_string())
_Read = Callable[[bool], Iterator[pa.RecordBatch]]


@dataclass(frozen=True)
class Changes:
    """Quads added and removed: by the commit `after` alone, or from `before` to `after`.

    `added` and `removed` count quads and `graphs` names the graphs that were touched; the store's notes about
    commits are left out of both, and of all but `batches`, `quads` and `write`. Objects are as they were received.
    """

    before: Commit | None
    after: Commit
    added: int
    removed: int
    graphs: tuple[str, ...]
    _read: _Read = field(repr=False)

    def batches(self, *, adds: bool) -> Iterator[pa.RecordBatch]:
        """The quads added (or removed), as Arrow batches of terms in N-Triples syntax (columns s, p, o, g)."""
        return self._read(adds)

    def quads(self, *, adds: bool) -> Iterator[ox.Quad]:
        """The quads added (or removed)."""
        for batch in self.batches(adds=adds):
            yield from ox.parse(bytes(lines(batch)), format=ox.RdfFormat.N_QUADS, lenient=True)

    def write(self, sink: IO[bytes]) -> None:
        """Write an RDF Patch, as the journal's."""
        sink.write(b"TX .\n")
        for adds, prefix in ((False, "D "), (True, "A ")):
            for batch in self.batches(adds=adds):
                sink.write(lines(batch, prefix))
        sink.write(b"TC .\n")

    def to_dict(self, *, limit: int | None = None) -> dict[str, Any]:
        """Plain values, for JSON; at most `limit` quads each way, in N-Triples syntax."""
        return {
            "before": asdict(self.before) if self.before else None,
            "after": asdict(self.after),
            "graphs": list(self.graphs),
            "counts": {"removed": self.removed, "added": self.added},
            "removed": self.head(limit, adds=False),
            "added": self.head(limit, adds=True),
        }

    def head(self, limit: int | None, *, adds: bool) -> list[dict[str, str]]:
        """The first quads added (or removed), as terms in N-Triples syntax by column name."""
        found: list[dict[str, str]] = []
        for batch in self.batches(adds=adds):
            batch = batch.filter(pc.invert(pc.is_in(batch.column("g").cast(pa.large_string()), _NOTES)))
            found += batch.slice(0, None if limit is None else limit - len(found)).to_pylist()
            if limit is not None and len(found) >= limit:
                break
        return found


def changes_of(journal: Journal, commit: Commit, *, private: graphs.Private = True) -> Changes:
    """A commit's own patch; notes about the commit are in it.

    Raises NotFound for a commit that touched another private graph than these.
    """
    names = tuple(commit.graphs.split())
    if not commit.visible(private):
        raise NotFound(f"There is no commit #{commit.number}", hint="see kb log")
    return Changes(
        None, commit, commit.added, commit.removed, names, lambda adds: journal.read(commit.number, adds=adds)
    )


def changes_between(
    journal: Journal, before: Commit, after: Commit, *, private: graphs.Private = True
) -> Changes:
    """The net difference of two commits' states, either way round, in the graphs that may be seen."""
    dictionary = Dictionary()
    first, last = sorted((before.number, after.number))
    net = net_of(steps_of(journal, range(first + 1, last + 1), dictionary), dictionary)
    net = net if before.number <= after.number else net.inverse
    added, removed = (_visible(rows, dictionary, private) for rows in (net.added, net.removed))
    notes = set(dictionary.find(_NOTES).tolist())
    touched = (added.graphs | removed.graphs) - notes
    return Changes(
        before,
        after,
        added=_count(added, notes),
        removed=_count(removed, notes),
        graphs=tuple(sorted(dictionary.text(one)[1:-1] for one in touched)),
        _read=lambda adds: (added if adds else removed).batches(dictionary),
    )


def _count(rows: Rows, without: set[int]) -> int:
    return sum(len(pairs) for graph, _, pairs in rows if graph not in without)


def _visible(rows: Rows, dictionary: Dictionary, private: graphs.Private) -> Rows:
    hidden = {one for one in rows.graphs if not graphs.is_visible(dictionary.text(one)[1:-1], private)}
    return Rows({key: pairs for key, pairs in rows.pairs.items() if key[0] not in hidden})
