"""Which buyer a private row belongs to, by the private graph's own links."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyoxigraph as ox
from numpy.typing import NDArray

from .. import graphs
from ..columns.image import Image
from ..columns.kernels import (
    NO_PAIRS,
    Ids,
    Pairs,
    contains,
    degree,
    distinct,
    expand,
    heads,
    pack,
    subtract,
    swap,
    tails,
    unite,
)
from ..columns.rows import Rows
from ..terms import RDF

_OWN = "https://w3id.org/commerce-kb/ownership#"


class Ownership:
    """What ownership.ttl says: the class of owners, how their IRIs begin, and the links that lead to them."""

    def __init__(self) -> None:
        triples = list(ox.parse(path=Path(__file__).with_name("ownership.ttl"), format=ox.RdfFormat.TURTLE))
        self.classes = [str(one.subject) for one in triples if _is(one, "Owner")]
        self.to_owner = [str(one.subject) for one in triples if _is(one, "LinkToOwner")]
        self.from_owner = [str(one.subject) for one in triples if _is(one, "LinkFromOwner")]
        self.beginnings = [
            f"<{one.object.value}" for one in triples if one.predicate.value.endswith("iriBeginning")
        ]


class Owners:
    """The owners of private rows, for `image` (before or after a commit) and the rows that the commit changes.

    Called with a batch it gives the owner of each row: that of its subject, else that of its object; null where
    neither leads to exactly one. Nodes that neither the image nor the rows hold belong to nobody.
    """

    def __init__(self, image: Image, *patches: Rows) -> None:
        self._image = image
        self._patches = patches
        # By node; memory comes from the system as it is touched.
        self._owner = np.zeros(len(image.dictionary) + 1, np.uint32)
        self._known = np.zeros(len(image.dictionary) + 1, bool)

    def __call__(self, batch: pa.RecordBatch) -> pa.Array:
        dictionary = self._image.dictionary
        owners = self.of(dictionary.find(batch.column("s")))
        left = np.flatnonzero(owners == 0)
        if len(left):
            owners[left] = self.of(dictionary.find(batch.column("o").take(pa.array(left))))
        some, codes = np.unique(owners, return_inverse=True)
        indices = pa.array(codes.astype(np.int32), mask=owners == 0)
        return pa.DictionaryArray.from_arrays(indices, dictionary.decode(some))

    def of(self, nodes: Ids) -> Ids:
        """The owner of each node (ids), 0 for none."""
        asked = distinct(nodes[~self._known[nodes]])
        if len(asked):
            found = self._resolved(asked)
            self._owner[heads(found)] = tails(found)
            self._known[asked] = True
        return self._owner[nodes]

    def _resolved(self, nodes: Ids) -> Pairs:
        """(node, owner) for those of some nodes (sorted, distinct) that lead to exactly one."""
        frontier = pack(nodes, nodes)
        seen, found = frontier, NO_PAIRS
        while len(frontier):
            at = tails(frontier)
            arrived = self._are_owners(at)
            found = unite(found, frontier[arrived])
            frontier = frontier[~arrived]
            onward = [self._step(frontier, links) for links in self._links(distinct(tails(frontier)))]
            frontier = subtract(distinct(np.concatenate([NO_PAIRS, *onward])), seen)
            seen = unite(seen, frontier)
        return found[degree(found, heads(found)) == 1]

    @staticmethod
    def _step(frontier: Pairs, links: Pairs) -> Pairs:
        row, tail = expand(links, tails(frontier))
        return pack(heads(frontier)[row], tail)

    def _are_owners(self, nodes: Ids) -> NDArray[np.bool_]:
        asked, places = np.unique(nodes, return_inverse=True)
        dictionary = self._image.dictionary
        texts = dictionary.decode(asked)
        owners = np.zeros(len(asked), bool)
        for beginning in self._ownership.beginnings:
            owners |= pc.starts_with(texts, beginning).fill_null(False).to_numpy(zero_copy_only=False)
        kind = dictionary.id(str(RDF.type))
        for one in dictionary.find(self._ownership.classes):
            typed = pack(asked, np.full(len(asked), one))
            owners |= self._image.asserted_private.get_relation(kind).holds(typed)
            for pairs in self._patched(kind):
                owners |= contains(pairs, typed)
        return owners[places]

    @cached_property
    def _ownership(self) -> Ownership:
        return Ownership()

    def _links(self, nodes: Ids) -> Iterator[Pairs]:
        """Pairs that lead one step nearer to an owner, from some nodes (sorted, distinct) at least."""
        private, identifier = self._image.asserted_private, self._image.dictionary.id
        for predicate in map(identifier, self._ownership.to_owner):
            yield private.get_relation(predicate).rows.under(nodes)[0]
            yield from self._patched(predicate)
        for predicate in map(identifier, self._ownership.from_owner):
            yield private.get_relation(predicate).inverse
            yield from map(swap, self._patched(predicate))

    def _patched(self, predicate: int) -> list[Pairs]:
        text = self._image.dictionary.text
        return [
            pairs
            for patch in self._patches
            for graph, key, pairs in patch
            if key == predicate and graph and graphs.is_private(text(graph)[1:-1])
        ]


def _is(triple: ox.Triple, kind: str) -> bool:
    return triple.predicate.value.endswith("#type") and triple.object == ox.NamedNode(_OWN + kind)
