"""What speaks of a buyer: the nodes that led to them and nobody else, in anything that was ever written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyoxigraph as ox

from .. import graphs
from ..columns.batches import batches_of
from ..columns.dictionary import Dictionary
from ..columns.image import Image
from ..columns.kernels import NO_PAIRS, Ids, Pairs, distinct, heads, tails, unite
from ..columns.rows import Rows
from ..errors import NotFound, UsageError
from ..loading.pseudonyms import pseudonym, secret_of
from ..store import Folder, Snapshot
from ..store.private import divided
from ..store.private_owners import Owners
from ..store.quarantine import Quarantine
from ..values import iri

BUYER = f"{graphs.DATA}buyer/"
# A name so long is nobody else's by chance.
_TELLING = 16
_TOKEN = re.compile(r'[^\s<>"\\]+')


def named(folder: Folder, image: Image, buyer: str) -> str:
    """The IRI of a buyer, who is given by it, by their pseudonym or by the platform's id that it was made from."""
    if buyer.startswith("<") or ":" in buyer:
        return iri(buyer).value
    found = f"{BUYER}{buyer}"
    if image.dictionary.id(f"<{found}>"):
        return found
    return f"{BUYER}{pseudonym(buyer, secret_of(folder.path))}"


@dataclass(frozen=True)
class Traces:
    """A buyer's IRI, and in N-Triples syntax the nodes that belong to them, themselves among these."""

    buyer: str
    nodes: tuple[str, ...]

    @property
    def word(self) -> str:
        """What no text about others holds: the pseudonym where it is long enough, else the IRI."""
        last = self.buyer.rpartition("/")[2]
        return last if len(last) >= _TELLING else self.buyer

    @cached_property
    def _nodes(self) -> pa.Array:
        return pa.array(self.nodes, pa.large_string())

    @cached_property
    def _bare(self) -> frozenset[str]:
        return frozenset(one[1:-1] for one in self.nodes)

    def without(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The rows of a batch that say nothing of the buyer."""
        speaks = None
        for name in "so":
            column = batch.column(name).cast(pa.large_string())
            found = pc.or_(pc.is_in(column, self._nodes), pc.match_substring(column, self.word))
            speaks = found if speaks is None else pc.or_(speaks, found)
        return batch.filter(pc.invert(speaks))

    def mentioned(self, text: str) -> bool:
        """Whether a text speaks of the buyer."""
        return self.word in text or not self._bare.isdisjoint(_TOKEN.findall(text))


def traces_of(folder: Folder, buyer: str) -> Traces:
    """What speaks of a buyer in the journal, the quarantine, and pinned snapshots of commits before the base.

    Raises NotFound for a buyer that nothing is known of, UsageError for what is no buyer, StoreDamaged.
    """
    image, rows = written(folder)
    owners, known = Owners(image, rows), _pairs(rows)
    nodes = distinct(np.concatenate([heads(known), tails(known)]))
    node = image.dictionary.id(f"<{buyer}>")
    if not node and not folder.current().image.dictionary.id(f"<{buyer}>"):
        told = (
            "was forgotten already" if folder.journal.keys.is_destroyed(buyer) else "is in no private graph"
        )
        raise NotFound(f"{buyer} {told}", hint="give the buyer's IRI, pseudonym, or id on the platform")
    if not node:
        return Traces(buyer, (f"<{buyer}>",))
    if owners.of(np.array([node], np.uint32))[0] != node:
        raise UsageError(
            f"{buyer} is no buyer", hint="only buyers are forgotten; kb update removes other things"
        )
    own = distinct(np.append(nodes[owners.of(nodes) == node], np.uint32(node)))
    own = _with_nameless(own, known, image.dictionary)
    return Traces(buyer, tuple(sorted(image.dictionary.decode(own).to_pylist())))


def written(folder: Folder) -> tuple[Image, Rows]:
    """Every row that a private graph was ever to hold, as far as it can be read, with an image of their terms alone."""
    dictionary = Dictionary()
    rows = Rows.encoded(dictionary, (some for some in _private(folder) if len(some)))
    return replace(Image(), dictionary=dictionary), rows


def _private(folder: Folder) -> Iterator[pa.RecordBatch]:
    journal = folder.journal
    for batch in journal.read_base():
        yield divided(batch)[1]
    for number in range(journal.oldest, journal.last + 1):
        for batch in journal.read(number, adds=True):
            yield divided(batch)[1]
    for entry in Quarantine(folder.path / "quarantine").entries():
        text = entry.quads.read_bytes()
        for batch in batches_of(ox.parse(text, format=ox.RdfFormat.N_QUADS, lenient=True)):
            yield divided(batch)[1]
    for place in folder.pinned:
        if int(place.name.partition("-")[0]) < journal.oldest - 1:
            image = Snapshot(place).image
            for name in filter(graphs.is_private, image.graph_names()):
                if not graphs.is_inferred(name):
                    yield from image.rows_of(name).batches(image.dictionary)


def _pairs(rows: Rows) -> Pairs:
    found: Sequence[Pairs] = [pairs for _, _, pairs in rows]
    return distinct(np.concatenate(found)) if found else NO_PAIRS


def _with_nameless(own: Ids, known: Pairs, dictionary: Dictionary) -> Ids:
    """Also the blank nodes that only these nodes lead to."""
    objects = np.unique(tails(known))
    mask = pc.starts_with(dictionary.decode(objects), f"<{graphs.GENID}").fill_null(False)
    nameless = objects[mask.to_numpy(zero_copy_only=False)]
    links = known[np.isin(tails(known), nameless)]
    while len(links):
        inside = np.isin(heads(links), own)
        reached = np.setdiff1d(tails(links[inside]), tails(links[~inside]))
        if np.isin(reached, own).all():
            break
        own = unite(own, reached.astype(np.uint32))
    return own
