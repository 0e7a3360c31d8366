"""Products and offers in schema.org's words, as one JSON-LD document that search engines and `kb load` read."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from .files import Files
from .material import Material


def write(material: Material, files: Files) -> dict[str, object]:
    """``products.jsonld``: a ProductGroup for each SPU, a Product for each SKU, an Offer for each offer."""
    offers = _by(material["dim_offer"].rows.to_pylist(), "sku")
    variants = _by(material["dim_sku"].rows.to_pylist(), "spu")
    names = {one["brand"]: one["name"] or one["name_zh"] for one in material["dim_brand"].rows.to_pylist()}
    paths = {one["category"]: one["path"] for one in material["dim_category"].rows.to_pylist()}
    sellers = {
        one["merchant"]: one["name"] or one["name_zh"] for one in material["dim_merchant"].rows.to_pylist()
    }
    groups = []
    for spu in material["dim_spu"].rows.to_pylist():
        brand = {"@type": "Brand", "@id": spu["brand"], "name": names.get(spu["brand"])}
        group = {
            "@type": "ProductGroup",
            "@id": spu["spu"],
            "productGroupID": _code(spu["spu"]),
            "name": _names(spu),
            "brand": brand if spu["brand"] else None,
            "category": " > ".join(one for one in paths.get(spu["category"]) or [] if one) or None,
            "model": spu["model_number"],
            "hasVariant": [_product(one, spu, brand, paths, offers, sellers) for one in variants[spu["spu"]]],
        }
        groups.append(_full(group))
    document = {"@context": "https://schema.org", "@graph": groups}
    files.text("products.jsonld", json.dumps(document, ensure_ascii=False, indent=1) + "\n", rows=len(groups))
    return {}


def _product(sku: dict, spu: dict, brand: dict, paths: dict, offers: dict, sellers: dict) -> dict[str, Any]:
    return _full(
        {
            "@type": "Product",
            "@id": sku["sku"],
            "sku": _code(sku["sku"]),
            "name": _names(sku),
            "gtin14": sku["gtin"],
            "model": spu["model_number"],
            "brand": {"@id": spu["brand"]} if spu["brand"] else None,
            "category": " > ".join(one for one in paths.get(spu["category"]) or [] if one) or None,
            "isVariantOf": {"@id": spu["spu"]},
            "offers": [_offer(one, sellers) for one in offers[sku["sku"]]],
        }
    )


def _offer(offer: dict, sellers: dict) -> dict[str, Any]:
    seller = {"@type": "Organization", "@id": offer["merchant"], "name": sellers.get(offer["merchant"])}
    return _full(
        {
            "@type": "Offer",
            "@id": offer["offer"],
            "price": None if offer["price"] is None else format(offer["price"].normalize(), "f"),
            "priceCurrency": offer["currency"],
            "validFrom": offer["valid_from"] and offer["valid_from"].isoformat(),
            "priceValidUntil": offer["valid_through"] and offer["valid_through"].date().isoformat(),
            "seller": seller if offer["merchant"] else None,
        }
    )


def _names(row: dict) -> list[dict[str, str]]:
    found = (("en", row["name"]), ("zh", row["name_zh"]))
    return [{"@value": name, "@language": language} for language, name in found if name]


def _by(rows: list[dict], column: str) -> defaultdict[str, list[dict]]:
    found: defaultdict[str, list[dict]] = defaultdict(list)
    for row in rows:
        found[row[column]].append(row)
    return found


def _code(iri: str) -> str:
    return iri.rpartition("/")[2]


def _full(node: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in node.items() if value not in (None, [], "")}
