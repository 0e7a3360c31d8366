"""Commits as RDF Patches of what somebody may see."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from ..columns.batches import lines
from ..graphs import Private, is_visible
from ..store import Commit, Journal


def patches(journal: Journal, begin: int, last: int, *, private: Private = True) -> Iterator[bytes]:
    """The commits behind number `begin` up to `last`, oldest first, a transaction each, in pieces.

    Of a commit that touched graphs beyond sight, what is within it; one that shows nothing is passed over. Raises what
    reading the journal raises.
    """
    for commit in journal.commits()[begin:last]:
        yield from _patch(journal, commit, private)


def _patch(journal: Journal, commit: Commit, private: Private) -> Iterator[bytes]:
    begun = False
    for adds, prefix in ((False, "D "), (True, "A ")):
        for batch in journal.read(commit.number, adds=adds):
            shown = _shown(batch, private)
            if not len(shown):
                continue
            if not begun:
                yield f"H id <{commit.iri}> .\nH commit {commit.number} .\nTX .\n".encode()
                begun = True
            yield bytes(lines(shown, prefix))
    if begun:
        yield b"TC .\n"


def _shown(batch: pa.RecordBatch, private: Private) -> pa.RecordBatch:
    """The rows of a batch that lie in graphs that may be seen."""
    graph = batch.column("g")
    coded = graph if isinstance(graph, pa.DictionaryArray) else graph.dictionary_encode()
    seen = [is_visible(name[1:-1], private) for name in coded.dictionary.to_pylist()]
    return batch if all(seen) else batch.filter(pa.array(seen, pa.bool_()).take(coded.indices))
