"""Running a query on a snapshot: which view it reads, how its parameters are bound, how its faults are told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypedDict

import pyoxigraph as ox

from ..errors import QueryError
from ..graphs import BASE, Private, is_visible
from ..store import Snapshot
from ..terms import PREFIXES
from . import guard
from .binding import bound
from .mentions import may_read
from .results import Result, Solutions, Triples, Truth

_EXPECTED = re.compile(r'\b[A-Z]{3,}\b|"[^"A-Za-z0-9]{1,2}"')
_PLACE = re.compile(r"at (\d+):(\d+)")

Term = ox.NamedNode | ox.BlankNode | ox.Literal


@dataclass(frozen=True)
class Dataset:
    """What a query reads: which private graphs, with consequences or without, and named graphs.

    `default_graphs` and `named_graphs` are those of the SPARQL protocol; none means all that may be seen.
    """

    private: Private = True
    inferred: bool = True
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()

    @property
    def listed(self) -> bool:
        """Whether the protocol names graphs."""
        return bool(self.default_graphs or self.named_graphs)


class Needs(TypedDict):
    """Which view of a snapshot a query reads: the arguments of `Snapshot.view`."""

    private: Private
    inferred: bool
    named: bool
    complete: bool


def needs(snapshot: Snapshot, text: str, dataset: Dataset) -> Needs:
    """The view that `run` reads for a query."""
    return Needs(
        private=dataset.private,
        inferred=dataset.inferred,
        named=dataset.listed or guard.names_graphs(text),
        complete=bool(snapshot.deferred) and may_read(text, _deferred(snapshot)),
    )


def run(
    snapshot: Snapshot,
    text: str,
    *,
    dataset: Dataset | None = None,
    parameters: Mapping[str, Term] | None = None,
) -> Result:
    """Run a query; the prefixes of the ontology and of common vocabularies need no declaration.

    Relative IRIs lie below `kb.graphs.BASE`, unless the query has a BASE.
    `parameters` puts terms in for variables.

    Raises QueryError (line, column, fragment), Forbidden for SERVICE.
    """
    form = guard.check(text)
    if form is guard.Form.UPDATE:
        raise QueryError("This is an update, not a query", hint="use kb update, or KnowledgeBase.update")
    dataset = dataset or Dataset()
    store = snapshot.view(**needs(snapshot, text, dataset))
    options: dict = {}
    if dataset.listed:
        options["default_graph"] = _seen(dataset.default_graphs, dataset.private)
        options["named_graphs"] = _seen(dataset.named_graphs, dataset.private)
    return answered(store, bound(text, parameters) if parameters else text, options)


def answered(store: ox.Store, text: str, options: Mapping[str, Any] = MappingProxyType({})) -> Result:
    """The answer of a store to a query; `options` are those of `Store.query`.

    Raises QueryError.
    """
    options = {"prefixes": dict(PREFIXES), "base_iri": BASE, **options}

    def once():
        try:
            return store.query(text, **options)
        except SyntaxError as fault:
            raise located(fault, text) from None
        except (RuntimeError, OSError) as fault:
            raise QueryError(f"The query failed: {fault}") from None

    first = once()
    if isinstance(first, ox.QuerySolutions):
        return Solutions(once, first)
    if isinstance(first, ox.QueryTriples):
        return Triples(once, first)
    return Truth(bool(first))


def _seen(names: tuple[str, ...], private: Private) -> list[ox.NamedNode]:
    return [ox.NamedNode(name) for name in names if is_visible(name, private)]


def _deferred(snapshot: Snapshot) -> list[str]:
    dictionary = snapshot.image.dictionary
    return [dictionary.text(one)[1:-1] for one in snapshot.deferred]


def located(fault: SyntaxError, text: str, *, what: str = "query") -> QueryError:
    """A parser's fault with line, column and the line's text."""
    message = str(fault)
    found = _PLACE.search(message)
    if not found:
        return QueryError(f"The {what} does not parse: {message}")
    lines = text.splitlines()
    line, column = int(found[1]), int(found[2])
    if "Prefix not found" in message:
        reason = f"a prefix is not declared (known without are {', '.join(PREFIXES)})"
    else:
        expected = [word for word in _EXPECTED.findall(message) if word.strip("\"'[]")]
        reason = f"expected {', '.join(expected[:8])}" if expected else "nothing that fits"
    fragment = lines[line - 1].strip()[:120] if line <= len(lines) else ""
    return QueryError(
        f"The {what} does not parse: {reason}",
        where=f"line {line}, column {column}: «{fragment}»",
    )
