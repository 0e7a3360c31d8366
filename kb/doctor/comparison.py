"""Comparing who holds a graph: journal and columns, columns and Oxigraph, consequences and themselves."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import IO, cast

import numpy as np
import pyarrow as pa
import pyoxigraph as ox
from numpy.typing import NDArray

from ..columns.batches import from_lines, lines
from ..columns.dictionary import Dictionary
from ..columns.image import Image
from ..columns.kernels import Pairs, distinct, heads, pack, tails
from ..columns.rows import Rows
from ..pipeline import infer
from ..settings import Reasoning
from ..store import Journal
from ..versions.netting import Netting, Steps, steps_until, stored_rows
from .diagnosis import Finding, GraphSum, Progress
from .sums import Tally, TermHashes, by_graph, by_predicate

EXAMPLES = 3
_REBUILD = "kb rebuild"
_BLOCK = 8 << 20


def journal_and_columns(
    journal: Journal, number: int, image: Image, progress: Progress
) -> tuple[list[GraphSum], list[Finding]]:
    """The journal's graphs as of commit `number`, and what the columns say otherwise.

    `image` is one whose dictionary may grow. Raises StoreDamaged when a record can't be read.
    """
    dictionary, hashes = image.dictionary, TermHashes(image.dictionary)
    told, total = Tally(), sum(one.added + one.removed for one in journal.commits()[:number])
    done = 0
    for steps in steps_until(journal, number, dictionary):
        graph, predicate = _halves(steps.keys)
        told.add(graph, hashes.of_rows(predicate, steps.pairs), steps.adds)
        done += len(steps.keys)
        progress("reading the journal", done, total)
    held = by_graph(image, hashes)
    findings = _graphs_apart(journal, number, image, told.differing(held))
    names = {one: dictionary.text(one)[1:-1] for one in told.counts if told.counts[one] or told.sums[one]}
    sums = [GraphSum(name, told.counts[one], f"{told.sums[one]:016x}") for one, name in names.items()]
    return sorted(sums, key=lambda one: one.name), findings


def columns_and_oxigraph(
    store: ox.Store, image: Image, part: str, progress: Progress, *, deferred: frozenset[int] = frozenset()
) -> list[Finding]:
    """What a merged store of Oxigraph says otherwise than the columns; `part` is its name.

    Consequences of `deferred` properties are not in it.

    Raises OSError when its files can't be read.
    """
    findings = []
    if strangers := [str(one) for one in store.named_graphs()][:EXAMPLES]:
        what = f"the store holds named graphs, which no commit puts there: {', '.join(strangers)}"
        findings.append(Finding(part, what, _REBUILD))
    dictionary, hashes = image.dictionary, TermHashes(image.dictionary)
    inferred = part == "oxigraph"
    held = by_predicate(image, hashes, inferred=inferred, deferred=deferred)
    told, total = Tally(), sum(held.counts.values())

    def count(predicates: NDArray[np.uint32], pairs: Pairs) -> None:
        told.add(predicates, hashes.of_rows(predicates, pairs))
        progress(f"reading {part}", sum(told.counts.values()), total)

    _dump(store, dictionary, count)
    apart = held.differing(told)
    if not apart:
        return findings
    parts: dict[int, list[Pairs]] = {key: [] for key in apart}

    def keep(predicates: NDArray[np.uint32], pairs: Pairs) -> None:
        for key in apart & set(np.unique(predicates).tolist()):
            parts[key].append(pairs[predicates == key])

    _dump(store, dictionary, keep)
    there = Rows({(0, key): distinct(np.concatenate(some)) for key, some in parts.items() if some})
    meant = Rows(
        {(0, key): image.open_pairs(key, inferred=inferred and key not in deferred) for key in apart}
    )
    what = "Oxigraph is not what the columns say"
    return [*findings, _apart(part, what, dictionary, meant=meant, there=there)]


def consequences(image: Image, reasoning: Reasoning) -> list[Finding]:
    """What reasoning anew gives otherwise than is stored."""
    fresh = infer(image, reasoning=reasoning).image
    findings = []
    for view in ("inferred_public", "inferred_private"):
        old, new = (
            Rows({(0, key): one.pairs for key, one in getattr(which, view).items()})
            for which in (image, fresh)
        )
        if len(new.minus(old)) or len(old.minus(new)):
            what = f"{view.replace('_', ' ')} is not what reasoning anew gives"
            findings.append(_apart("inferred", what, image.dictionary, meant=new, there=old))
    return findings


def _graphs_apart(journal: Journal, number: int, image: Image, apart: set[int]) -> list[Finding]:
    """Which quads of these graphs the journal has and the columns lack, and the reverse."""
    if not apart:
        return []
    dictionary = image.dictionary
    netting, chosen = Netting(dictionary), np.array(sorted(apart), np.uint64)
    for steps in steps_until(journal, number, dictionary):
        within = np.isin(_halves(steps.keys)[0], chosen)
        netting.take(Steps(steps.keys[within], steps.pairs[within], steps.adds[within]))
    meant = stored_rows(netting.net().added, dictionary)
    findings = []
    for graph in sorted(apart):
        name = dictionary.text(graph)[1:-1]
        told = Rows({key: pairs for key, pairs in meant.pairs.items() if key[0] == graph})
        finding = _apart(
            "columns",
            "the columns are not what the journal says",
            dictionary,
            meant=told,
            there=image.rows_of(name),
            graph=name,
        )
        findings.append(finding)
    return findings


def _apart(
    part: str, what: str, dictionary: Dictionary, *, meant: Rows, there: Rows, graph: str = ""
) -> Finding:
    lacking, surplus = meant.minus(there), there.minus(meant)
    examples = [
        f"{sign} {line}"
        for sign, rows in (("-", lacking), ("+", surplus))
        for line in _lines(rows, dictionary)
    ]
    counts = f"{len(lacking):,} quads are missing, {len(surplus):,} are too many"
    return Finding(part, f"{what}: {counts}", _REBUILD, graph, tuple(examples))


def _lines(rows: Rows, dictionary: Dictionary) -> list[str]:
    few: dict[tuple[int, int], Pairs] = {}
    left = EXAMPLES
    for (graph, predicate), pairs in rows.pairs.items():
        few[graph, predicate] = pairs[:left]
        left -= len(few[graph, predicate])
    named = not any(graph == 0 for graph, _ in few)
    found = (bytes(lines(batch, graphs=named)).decode() for batch in Rows(few).batches(dictionary))
    return [line for text in found for line in text.splitlines()]


def _dump(store: ox.Store, dictionary: Dictionary, take: Callable[[NDArray[np.uint32], Pairs], None]) -> None:
    """Give predicates and pairs of a store's default graph away, in pieces."""
    sink = _Cut(
        lambda batch: take(
            dictionary.encode(batch.column("p")),
            pack(dictionary.encode(batch.column("s")), dictionary.encode(batch.column("o"))),
        )
    )
    store.dump(cast(IO[bytes], sink), format=ox.RdfFormat.N_TRIPLES, from_graph=ox.DefaultGraph())
    sink.end()


class _Cut(io.RawIOBase):
    """A file that cuts the N-Triples written to it into batches."""

    def __init__(self, take: Callable[[pa.RecordBatch], None]) -> None:
        self._take = take
        self._text = bytearray()

    def write(self, piece: bytes) -> int:  # type: ignore[override]
        """Take a piece of text."""
        self._text += piece
        if len(self._text) >= _BLOCK:
            whole = self._text.rfind(b"\n") + 1
            self._give(bytes(self._text[:whole]))
            del self._text[:whole]
        return len(piece)

    def end(self) -> None:
        """Give away what is left."""
        self._give(bytes(self._text))
        self._text.clear()

    def _give(self, text: bytes) -> None:
        for batch in from_lines(text, graphs=False):
            self._take(batch)


def _halves(packed: NDArray[np.uint64]) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    return heads(packed), tails(packed)
