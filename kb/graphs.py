"""Graph names, and what each of them is: asserted or derived, public or private, data or our own.

The names are those of docs/architecture.md ("Graphs").
"""

from __future__ import annotations

import re

from .errors import UsageError

BASE = "https://w3id.org/commerce-kb/"
DATA = f"{BASE}id/"
VOCAB = f"{BASE}vocab/"
GRAPH = f"{BASE}graph/"
PRIVATE = f"{GRAPH}private/"
GENID = f"{BASE}.well-known/genid/"

INFERRED = f"{GRAPH}inferred"
PRIVATE_INFERRED = f"{PRIVATE}inferred"
ONTOLOGY = f"{GRAPH}ontology/"
CLASSIFIED = f"{ONTOLOGY}classified"
VOCABULARIES = f"{GRAPH}vocabularies"
SHAPES = f"{GRAPH}shapes"
COMMITS = f"{GRAPH}commits"
PRIVATE_COMMITS = f"{PRIVATE}commits"
MINED = f"{GRAPH}mined/"
PRIVATE_MINED = f"{PRIVATE}mined/"

# Which private graphs somebody may see: all, none, or those that are named.
Private = bool | tuple[str, ...]

_SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_RESERVED = ("inferred", "private", "ontology", "vocabularies", "shapes", "commits", "rules", "mined")


def of_source(source: str, *, private: bool = False) -> str:
    """The graph that holds a source's asserted quads.

    >>> of_source("feed"), of_source("orders", private=True)
    ('https://w3id.org/commerce-kb/graph/feed', 'https://w3id.org/commerce-kb/graph/private/orders')

    Raises UsageError for a name that is not a path of letters, digits, ``.``, ``_``, ``-``, or is reserved.
    """
    if not _SOURCE.fullmatch(source) or source.split("/")[0] in _RESERVED:
        raise UsageError(
            f"'{source}' can't be the name of a source",
            hint=f"use letters, digits, '.', '_', '-' and none of {', '.join(_RESERVED)} as its first part",
        )
    return (PRIVATE if private else GRAPH) + source


def of_run(run: str, *, private: bool = False) -> str:
    """The graph that holds what a mining run found.

    >>> of_run("products-1"), of_run("products-1", private=True)
    ('https://w3id.org/commerce-kb/graph/mined/products-1', 'https://w3id.org/commerce-kb/graph/private/mined/products-1')

    Raises UsageError for a name that is not a path of letters, digits, ``.``, ``_``, ``-``.
    """
    if not _SOURCE.fullmatch(run):
        raise UsageError(f"'{run}' can't be the name of a run", hint="use letters, digits, '.', '_', '-'")
    return (PRIVATE_MINED if private else MINED) + run


def is_mined(graph: str) -> bool:
    """Whether a graph holds what mining found, or what was decided about it.

    >>> is_mined(of_run("products-1", private=True)), is_mined(of_source("feed"))
    (True, False)
    """
    return graph.startswith((MINED, PRIVATE_MINED))


def source_name(text: str) -> str:
    """A file's stem as the name of a source.

    >>> source_name("Nightly feed (2)"), source_name("订单")
    ('Nightly-feed-2', 'feed')
    """
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._") or "feed"


def is_private(graph: str) -> bool:
    """Whether a graph holds buyers, orders, events, or consequences of them.

    >>> is_private(PRIVATE_INFERRED), is_private(INFERRED)
    (True, False)
    """
    return graph.startswith(PRIVATE)


def is_visible(graph: str, private: Private) -> bool:
    """Whether somebody may see a graph: every public one, and the private ones that they may see.

    Consequences of private graphs follow from all of them together: who sees some sees none of these.

    >>> is_visible(INFERRED, False), is_visible(PRIVATE + "orders", (PRIVATE + "orders",))
    (True, True)
    >>> is_visible(PRIVATE_INFERRED, (PRIVATE_INFERRED,))
    False
    """
    if not is_private(graph) or isinstance(private, bool):
        return private is True or not is_private(graph)
    return graph in private and not is_own(graph)


def is_inferred(graph: str) -> bool:
    """Whether a graph holds consequences.

    >>> is_inferred(PRIVATE_INFERRED)
    True
    """
    return graph in (INFERRED, PRIVATE_INFERRED)


def is_own(graph: str) -> bool:
    """Whether a graph is kept by the knowledge base itself, so that no file may name it.

    >>> is_own(SHAPES), is_own(of_source("feed"))
    (True, False)
    """
    return graph in (INFERRED, PRIVATE_INFERRED, SHAPES, COMMITS, PRIVATE_COMMITS, VOCABULARIES) or (
        graph.startswith(ONTOLOGY)
    )


def is_reserved(graph: str) -> bool:
    """Whether a file may not name a graph: our own ones, and those that rules and mining write.

    >>> is_reserved(GRAPH + "mined/run-1"), is_reserved(PRIVATE + "orders")
    (True, False)
    """
    for beginning in (PRIVATE, GRAPH):
        if graph.startswith(beginning):
            return graph.removeprefix(beginning).split("/")[0] in _RESERVED
    return False


def is_data(graph: str) -> bool:
    """Whether a graph holds instance data: what shapes judge and rules read.

    >>> is_data(of_source("feed")), is_data(ONTOLOGY + "core"), is_data(VOCABULARIES)
    (True, False, True)
    """
    return graph == VOCABULARIES or not is_own(graph)


def is_open(graph: str) -> bool:
    """Whether a graph belongs to the default graph of a query: all but shapes and commits.

    >>> is_open(INFERRED), is_open(COMMITS)
    (True, False)
    """
    return graph not in (SHAPES, COMMITS, PRIVATE_COMMITS)
