"""Who said a triple: the graphs that it lies in, and the commit that put it there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from .. import graphs
from ..columns.batches import lines
from ..columns.image import Image
from ..columns.kernels import pack
from ..columns.rows import Rows
from ..reasoning import Assertion
from ..reasoning.accounts import Triple
from ..store import Journal


def assertions_of(
    image: Image, journal: Journal, triples: Iterable[Triple], *, private: graphs.Private = True
) -> dict[Triple, tuple[Assertion, ...]]:
    """For each asserted triple the graphs that may be seen, with the newest commit that added it there.

    The journal is read from its newest commit to its oldest until all are found.
    """
    dictionary = image.dictionary
    found: dict[Triple, list[Assertion]] = defaultdict(list)
    wanted: dict[str, dict[bytes, Triple]] = defaultdict(dict)
    names = [one for one in image.graph_names() if graphs.is_visible(one, private)]
    for triple in dict.fromkeys(triples):
        s, p, o = dictionary.stored_of(dictionary.find([str(term) for term in triple])).tolist()
        pairs = pack(np.array([s], np.uint32), np.array([o], np.uint32))
        for graph in names:
            if not graphs.is_inferred(graph) and image.states(graph, p, pairs):
                rows = image.as_received(Rows({(image.graph_id(graph), p): pairs}))
                line = b"".join(bytes(lines(batch)) for batch in rows.batches(dictionary)).rstrip(b"\n")
                wanted[graph][line] = triple
    for commit in reversed(journal.commits()):
        if commit.number < journal.oldest or not any(wanted.values()):
            break
        for graph in set(commit.graphs.split()) & wanted.keys():
            asked = list(wanted[graph])
            for line, is_added in zip(asked, journal.adds(commit.number, asked), strict=True):
                if is_added:
                    said = Assertion(graph, commit.number, commit.id, commit.time, commit.message)
                    found[wanted[graph].pop(line)].append(said)
    for graph, left in wanted.items():
        for triple in left.values():
            found[triple].append(Assertion(graph))
    return {triple: tuple(said) for triple, said in found.items()}
