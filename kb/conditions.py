"""Under which conditions a request becomes a commit, and what its sender may do with graphs."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import Forbidden, Outdated
from .graphs import Private, is_own, is_private, is_visible


@dataclass(frozen=True)
class Grant:
    """What somebody may do: see these private graphs, change these graphs (None: all), have LOAD read files.

    >>> orders = "https://w3id.org/commerce-kb/graph/private/orders"
    >>> grant = Grant(private=(orders,), changes=(orders,), loads=False)
    >>> grant.may_change(orders), grant.may_change("https://w3id.org/commerce-kb/graph/shop")
    (True, False)
    """

    private: Private = True
    changes: tuple[str, ...] | None = None
    loads: bool = True

    def may_see(self, graph: str) -> bool:
        """Whether a graph may be read."""
        return is_visible(graph, self.private)

    def may_change(self, graph: str) -> bool:
        """Whether a graph may be written; the store's own never may."""
        allowed = self.changes is None or graph in self.changes
        return allowed and self.may_see(graph) and not is_own(graph)

    def check(self, graph: str) -> None:
        """Raise Forbidden for a graph that may not be written, whether it is there or not."""
        if self.may_change(graph):
            return
        if is_own(graph) and (self.may_see(graph) or not is_private(graph)):
            raise Forbidden(
                f"The graph <{graph}> is kept by the knowledge base itself",
                hint="write to a graph of your own; the ontology and the shapes are changed by their files",
            )
        named = ", ".join(f"<{one}>" for one in self.changes or ()) or "public graphs"
        raise Forbidden(f"You may not write to the graph <{graph}>", hint=f"you may write to: {named}")


@dataclass(frozen=True)
class Conditions:
    """How a request becomes a commit.

    `strict`: wholly or not at all; one violation refuses it. `snapshot`: only if the store is still at the
    snapshot of this name. `grant`: what its sender may do.
    """

    strict: bool = False
    snapshot: str | None = None
    grant: Grant = Grant()

    def check_snapshot(self, current: str) -> None:
        """Raise Outdated where somebody else has committed meanwhile."""
        if self.snapshot is not None and self.snapshot != current:
            raise Outdated(
                f"The store is at the snapshot {current}, and this was meant for {self.snapshot}",
                hint="read again what you change, and send it with the new snapshot",
            )
