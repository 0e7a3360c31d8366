"""How the web pages and the endpoint read: one knowledge base a process, one snapshot a request."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import cast

from pyoxigraph import NamedNode

from kb import KnowledgeBase
from kb.querying.binding import bound
from kb.querying.results import Result, Solutions, Triples
from kb.querying.run import Dataset, run
from kb.store import Snapshot

from .access import Caller
from .links import checked


class Reader:
    """Opens a store read-only, once.

    Opening waits for the first request, so that a store is never opened before a worker process is forked.
    """

    def __init__(self, store: Path) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._knowledge: KnowledgeBase | None = None

    def open(self) -> KnowledgeBase:
        """The knowledge base; its ``snapshot`` is that of the newest commit, whoever wrote it.

        Raises StoreMissing and StoreDamaged.
        """
        with self._lock:
            if self._knowledge is None:
                self._knowledge = KnowledgeBase.open(self._store, read_only=True)
            return self._knowledge


@dataclass(frozen=True)
class View:
    """What one caller sees of one snapshot, during one request."""

    knowledge: KnowledgeBase
    snapshot: Snapshot
    caller: Caller

    def query(
        self,
        text: str,
        *,
        reasoning: bool = True,
        graphs: tuple[tuple[str, ...], tuple[str, ...]] = ((), ()),
    ) -> Result:
        """Run a query; ``graphs`` are the default and the named ones that the protocol asks for."""
        return run(self.snapshot, text, dataset=Dataset(self.caller.private, reasoning, *graphs))

    def rows(self, name: str, *, reasoning: bool = True, **parameters: str) -> Solutions:
        """The solutions of a stored query; each parameter is an IRI put in for the variable of its name."""
        return cast(Solutions, self.query(_filled(name, parameters), reasoning=reasoning))

    def triples(self, name: str, **parameters: str) -> Triples:
        """The triples of a stored CONSTRUCT query; parameters as in ``rows``."""
        return cast(Triples, self.query(_filled(name, parameters)))

    def rows_about(self, name: str, things: Iterable[str]) -> Solutions:
        """The solutions of a stored query for many IRIs at once, put in where it says ``#things#``."""
        values = " ".join(f"<{checked(thing)}>" for thing in things)
        return cast(Solutions, self.query(stored_query(name).replace("#things#", values)))


def _filled(name: str, parameters: Mapping[str, str]) -> str:
    return bound(stored_query(name), {key: NamedNode(checked(iri)) for key, iri in parameters.items()})


@cache
def stored_query(name: str) -> str:
    """The text of ``server/queries/<name>.rq``."""
    return resources.files(__package__).joinpath("queries", f"{name}.rq").read_text("utf-8")
