"""A few nodes that every shape accepts, for tests that only need something to load."""

from __future__ import annotations

from pathlib import Path

PREFIXES = """@prefix ckb: <https://w3id.org/commerce-kb/onto#> .
@prefix id: <https://w3id.org/commerce-kb/id/> .
@prefix brand: <https://w3id.org/commerce-kb/id/brand/> .
@prefix merchant: <https://w3id.org/commerce-kb/id/merchant/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
"""
BRANDS = """brand:top a ckb:Brand ; rdfs:label "Lumora"@en , "露墨"@zh .
brand:mid a ckb:Brand ; rdfs:label "Lumora Studio"@en ; ckb:directSubBrandOf brand:top .
brand:sub a ckb:Brand ; rdfs:label "Lumora Mini"@en ; ckb:directSubBrandOf brand:mid .
"""
# Two parents: shape 024 lets a brand have one.
BAD_BRAND = """brand:bad a ckb:Brand ; rdfs:label "Twofold"@en ; ckb:directSubBrandOf brand:top , brand:mid .
"""


def turtle(folder: Path, text: str, name: str = "feed.ttl") -> Path:
    """A Turtle file with the prefixes above."""
    path = folder / name
    path.write_text(PREFIXES + text, encoding="utf-8")
    return path
