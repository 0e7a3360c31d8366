"""The verbs about quarantine over HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from ..columns.batches import lines
from ..loading.rdf import read_rdf
from ..reports import QuarantineReport
from ..skolem import prefix
from ..store.quarantine import Entry
from .http import Http
from .plain import from_plain

_QUADS = {"Content-Type": "application/n-quads"}


@dataclass(frozen=True)
class RemoteEntry(Entry):
    """An entry as far as its reader may see it; its quads are asked for when they are read."""

    quads: Callable[[], Mapping[str, str]] = field(kw_only=True, repr=False, compare=False)

    def _lines(self, added: bool) -> Iterator[bytes]:
        yield from self.quads()["content" if added else "removed"].encode().splitlines(keepends=True)


class RemoteHolding:
    """What can be done with what a server's gate held back; `RemoteKnowledgeBase` has it all.

    Reading needs the role analyst, changing the role writer, each for the graphs of the nodes.
    """

    _http: Http

    def quarantine(self) -> list[Entry]:
        """What the gate held back, oldest first, as `KnowledgeBase.quarantine`."""
        return [self._entry(one) for one in reversed(self._http.ask("GET", "/quarantine?format=json").json())]

    def quarantine_entry(self, id: str) -> Entry:
        """An entry, or one node of it, as `KnowledgeBase.quarantine_entry`. Raises NotFound."""
        return self._entry(self._told(id))

    def quarantine_quads(self, id: str) -> bytes:
        """All that its nodes would say, as N-Quads text, as `KnowledgeBase.quarantine_quads`. Raises NotFound."""
        return self._http.ask("GET", f"{self._place(id)}?format=nq").content()

    def quarantine_fix(self, id: str, file: str | Path) -> QuarantineReport:
        """Replace what the nodes would say by an RDF file, as `KnowledgeBase.quarantine_fix`."""
        graph, skolem = self.quarantine_entry(id).graph(), prefix(uuid.uuid4().hex, 0)
        said = b"".join(bytes(lines(one)) for one in read_rdf(Path(file), graph=graph, skolem=skolem))
        return self._changed(id, "fix", body=said, headers=_QUADS)

    def quarantine_release(self, id: str) -> QuarantineReport:
        """Let the nodes of an entry into the graph, as `KnowledgeBase.quarantine_release`."""
        return self._changed(id, "release")

    def quarantine_drop(self, id: str) -> tuple[str, ...]:
        """Throw away an entry, or one node of it, as `KnowledgeBase.quarantine_drop`."""
        return tuple(self._http.ask("POST", f"{self._place(id)}/drop").json()["dropped"])

    def _changed(self, id: str, verb: str, **sent: Any) -> QuarantineReport:
        reply = self._http.ask("POST", f"{self._place(id)}/{verb}", **sent)
        return cast(QuarantineReport, from_plain(QuarantineReport, reply.json()))

    def _entry(self, told: Mapping[str, Any]) -> Entry:
        return RemoteEntry(
            told["commit"],
            told["source"],
            tuple(told["nodes"]),
            told["report"],
            tuple(told["numbers"]),
            told["origins"],
            quads=partial(self._told, told["held"][0]["id"] if len(told["nodes"]) == 1 else told["id"]),
        )

    def _told(self, id: str) -> Mapping[str, Any]:
        return cast(Mapping[str, Any], self._http.ask("GET", f"{self._place(id)}?format=json").json())

    def _place(self, id: str) -> str:
        if ":" in id:
            # An IRI does not pass through a path unharmed.
            node = id if id.startswith("<") else f"<{id}>"
            known = (one.id_of(node) for one in reversed(self.quarantine()) if node in one.nodes)
            id = next(known, id)
        return f"/quarantine/{quote(id, safe='/')}"
