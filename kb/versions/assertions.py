"""Who said a triple: the graphs that it lies in, and the commit that put it there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from .. import graphs
from ..columns.batches import lines
from ..columns.dictionary import Dictionary
from ..columns.image import Image
from ..columns.rows import Rows
from ..reasoning import Assertion
from ..reasoning.accounts import Triple
from ..reasoning.rules import Fact
from ..store import Journal


def assertions_of(
    image: Image, journal: Journal, triples: Iterable[Triple], *, private: graphs.Private = True
) -> dict[Triple, tuple[Assertion, ...]]:
    """For each asserted triple the graphs that may be seen, with the newest commit that added it there.

    The journal is read from its newest commit to its oldest until all are found. What no later commit added was added
    by the first one that touched its graph, whose patch, mostly a large load, is not read.
    """
    dictionary = image.dictionary
    found: dict[Triple, list[Assertion]] = defaultdict(list)
    wanted: dict[str, dict[Fact, Triple]] = defaultdict(dict)
    for fact, triple in _facts(dictionary, triples).items():
        subject, predicate, value = fact
        for graph in image.graphs_of(predicate, np.array([subject << 32 | value], np.uint64)):
            if graphs.is_visible(graph, private):
                wanted[graph][fact] = triple
    commits, oldest = journal.commits(), journal.oldest
    # Where a base took the place of patches, it may hold what no patch does.
    first = (
        {} if journal.base else {name: one.number for one in reversed(commits) for name in one.graphs.split()}
    )
    for commit in reversed(commits):
        if commit.number < oldest or not any(wanted.values()):
            break
        for graph in set(commit.graphs.split()) & wanted.keys():
            facts = list(wanted[graph])
            if commit.number == first.get(graph):
                added = [True] * len(facts)
            elif facts:
                added = journal.adds(commit.number, [_line(image, graph, fact) for fact in facts])
            else:
                continue
            for fact, is_added in zip(facts, added, strict=True):
                if is_added:
                    said = Assertion(graph, commit.number, commit.id, commit.time, commit.message)
                    found[wanted[graph].pop(fact)].append(said)
    for graph, left in wanted.items():
        for triple in left.values():
            found[triple].append(Assertion(graph))
    return {triple: tuple(said) for triple, said in found.items()}


def _facts(dictionary: Dictionary, triples: Iterable[Triple]) -> dict[Fact, Triple]:
    """The stored ids of each triple."""
    some = list(dict.fromkeys(triples))
    texts = list(dict.fromkeys(str(term) for triple in some for term in triple))
    ids = dict(zip(texts, dictionary.stored_of(dictionary.find(texts)).tolist(), strict=True))
    return {(ids[str(s)], ids[str(p)], ids[str(o)]): (s, p, o) for s, p, o in some}


def _line(image: Image, graph: str, fact: Fact) -> bytes:
    """A fact as the journal writes it."""
    subject, predicate, value = fact
    pairs = np.array([subject << 32 | value], np.uint64)
    rows = image.as_received(Rows({(image.graph_id(graph), predicate): pairs}))
    return b"".join(bytes(lines(batch)) for batch in rows.batches(image.dictionary)).rstrip(b"\n")
