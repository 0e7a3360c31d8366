"""The demo store: generated and loaded once, with a faulty offer and an undone commit in its history."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyoxigraph as ox

from ... import KnowledgeBase
from ..shop import generate

FAULTY_OFFER = Path(__file__).parent / "faulty-offer.ttl"
MISTAKE = "https://w3id.org/commerce-kb/id/brand/mistake"


def prepare(store: Path, *, scale: float = 1.0, say: Callable[[str], None]) -> bool:
    """Make the demo store unless it is there; tells whether it had to be made."""
    with KnowledgeBase.open(store) as knowledge:
        if knowledge.folder.exists and len(knowledge.log()) > 4:
            return False
        say("Writing a fictional shop ...")
        shop = generate(store / "shop", scale=scale)
        say(f"Loading {shop.quads:,} quads: judging, reasoning, storing ...")
        files = [path for path in shop.files if path.suffix == ".nq"]
        say(str(knowledge.load(files, source="shop", message="the demo shop")))
        knowledge.load(FAULTY_OFFER, source="merchant-feed", message="a merchant's nightly feed")
        with knowledge.commit(source="manual", message="a brand typed in by mistake") as change:
            change.add(MISTAKE, "rdf:type", "ckb:Brand")
            change.add(MISTAKE, "rdfs:label", ox.Literal("Brand New Brnad", language="en"))
        knowledge.revert(str(change.report.number))
    return True
