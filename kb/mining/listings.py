"""Listings and SPUs of the graph as records, with what is known of each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..knowledge_base import KnowledgeBase
from ..terms import CKB, DCTERMS, RDF
from .records import Records
from .statements import Statements


@dataclass(frozen=True)
class Shelf:
    """The records of a graph, listings first, then the catalogue's SPUs.

    `listings` is how many are listings; `spus` says for each record of which SPU somebody (not mining) says it is;
    `brands` and `categories` are IRIs that records state, `labels` their names with language tags.
    """

    records: Records
    listings: int
    spus: Sequence[frozenset[str]]
    brands: Sequence[str]
    categories: Sequence[str]
    labels: Sequence[tuple[tuple[str, str], ...]]
    known_brands: Mapping[str, str] = field(default_factory=dict)


def read_shelf(knowledge: KnowledgeBase, *, mined: Iterable[str] = (), private: bool = False) -> Shelf:
    """Read all listings and SPUs, leaving out what the graphs `mined` say of SPUs.

    A GTIN of a listing is one of the SKUs that it offers, or an identifier that is a GTIN.
    """
    reader = Statements(knowledge, private)
    types = reader.pairs(RDF.type)
    listings = sorted({s for s, o in types if o == CKB.Listing.value})
    own = {s for graph in mined for s, o in reader.pairs(RDF.type, graph) if o == CKB.SPU.value}
    spus = sorted({s for s, o in types if o == CKB.SPU.value} - own)
    names = [*listings, *spus]
    labels = reader.labels()
    taken = {pair for graph in mined for pair in reader.pairs(CKB.listsSpu, graph)}
    stated: dict[str, set[str]] = defaultdict(set)
    for listing, spu in reader.pairs(CKB.listsSpu):
        if (listing, spu) not in taken:
            stated[listing].add(spu)
    for spu in spus:
        stated[spu].add(spu)
    gtins, variant = reader.grouped(CKB.gtin), dict(reader.pairs(CKB.variantOf))
    offered, sold = dict(reader.pairs(CKB.offersSku)), dict(reader.pairs(CKB.inListing))
    prices = {offer: float(value) for offer, value in reader.pairs(CKB.price)}
    known: dict[str, set[str]] = defaultdict(set)
    asked: dict[str, list[float]] = defaultdict(list)
    for offer, listing in sold.items():
        sku = offered.get(offer, "")
        known[listing] |= gtins.get(sku, set())
        if variant.get(sku):
            stated[listing].add(variant[sku])
        if offer in prices:
            asked[listing].append(prices[offer])
    for sku, spu in variant.items():
        known[spu] |= gtins.get(sku, set())
    for name, values in reader.grouped(DCTERMS.identifier).items():
        known[name] |= {value.rjust(14, "0") for value in values if is_gtin(value)}
    brands, models = dict(reader.pairs(CKB.directBrand)), dict(reader.pairs(CKB.modelNumber))
    texts = dict(reader.pairs(DCTERMS.description))
    categories = dict(reader.pairs(CKB.directCategory))
    brand_names = {s for s, o in types if o == CKB.Brand.value}
    records = Records(
        names=names,
        titles=[next((text for text, _ in labels.get(name, ())), "") for name in names],
        # Labels in other languages are further text: not every record has them.
        texts=[
            " ".join([*(text for text, _ in labels.get(name, [])[1:]), texts.get(name, "")]).strip()
            for name in names
        ],
        brands=[" ".join(text for text, _ in labels.get(brands.get(name, ""), ())) for name in names],
        prices=np.array([float(np.median(asked[name])) if name in asked else np.nan for name in names]),
        gtins=[frozenset(known.get(name, ())) for name in names],
        models=[models.get(name, "") for name in names],
    )
    return Shelf(
        records,
        len(listings),
        [frozenset(stated.get(name, ())) for name in names],
        [brands.get(name, "") for name in names],
        [categories.get(name, "") for name in names],
        [tuple(labels.get(name, ())) for name in names],
        {text.lower(): brand for brand in sorted(brand_names) for text, _ in labels.get(brand, ())},
    )


def is_gtin(text: str) -> bool:
    """Whether a text is a GTIN-8, -12, -13 or -14 with its check digit.

    >>> is_gtin("4006381333931"), is_gtin("4006381333930"), is_gtin("20260102")
    (True, False, False)
    """
    if not text.isdecimal() or len(text) not in (8, 12, 13, 14):
        return False
    digits = [int(one) for one in text.rjust(14, "0")]
    return sum(one * (3 if place % 2 == 0 else 1) for place, one in enumerate(digits)) % 10 == 0


def majority(values: Iterable[str]) -> str:
    """The value that comes most often, of several the first in order; empty ones don't count."""
    counts = Counter(one for one in values if one)
    return min(counts, key=lambda one: (-counts[one], one)) if counts else ""
