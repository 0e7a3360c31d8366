"""Where the nodes of a report come from: their labels, the sources that state them, places in files."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import numpy as np

from . import graphs
from .columns.image import Image
from .columns.kernels import contains, distinct, heads
from .columns.rows import Rows
from .loading.inputs import Inputs
from .loading.places import Place, places_of
from .reports import LoadReport
from .validation import Origin, Result
from .validation.triples import Term
from .versions import names_of

# A second look at files is for so many nodes at most.
_MOST = 1_000


def origins_in(
    image: Image, results: Iterable[Result], *, private: graphs.Private = True
) -> dict[Term, Origin]:
    """Labels of the focus nodes of results, and the sources whose graphs state them, as far as a reader sees them."""
    nodes = list(dict.fromkeys(one.focus for one in results))
    if not nodes:
        return {}
    names = names_of(image, [str(node) for node in nodes], private=private is True)
    sources = _sources(image, [str(node) for node in nodes], private)
    return {
        node: Origin(names.get(str(node), ""), sources.get(str(node), ""))
        for node in nodes
        if str(node) in names or str(node) in sources
    }


def _sources(image: Image, nodes: Collection[str], private: graphs.Private) -> dict[str, str]:
    ids = image.dictionary.find(list(nodes))
    named = {int(one): node for one, node in zip(ids, nodes, strict=True) if one}
    wanted = distinct(np.array(list(named), np.uint32))
    found: dict[str, str] = {}
    for graph in image.graph_names():
        if not graphs.is_visible(graph, private):
            continue
        if graphs.is_own(graph) or graphs.is_inferred(graph) or len(found) == len(named):
            continue
        for _, _, pairs in image.rows_of(graph):
            subjects = distinct(heads(pairs))
            for one in wanted[contains(subjects, wanted)].tolist():
                found.setdefault(named[one], graph.rsplit("/", 1)[-1])
    return found


def origins_of_load(
    image: Image, added: Rows, inputs: Inputs, report: LoadReport, *, graph: str, secret: bytes
) -> Mapping[str, Origin]:
    """Labels and places of what a load's report speaks of, by N-Triples syntax; `added` is what the files say."""
    results = report.validation.results if report.validation is not None else ()
    nodes = list(dict.fromkeys([*report.nodes, *(str(one.focus) for one in results)]))[:_MOST]
    if not nodes:
        return {}
    names = names_of(image.changed(added=added, removed=Rows()), nodes)
    places = places_of(inputs, nodes, graph=graph, commit=report.commit or "", secret=secret)
    found = {}
    for node in nodes:
        place = places.get(node, Place(""))
        if node in names or place.file:
            found[node] = Origin(names.get(node, ""), report.source, place.file, place.row)
    return found
