"""What a table of products or categories, whose columns are understood, needs in a YARRRML mapping."""

from __future__ import annotations

import re
from typing import Any

from .column_profile import TableProfile
from .sources import identifier

_SYMBOLS = {"$": "USD", "£": "GBP", "€": "EUR", "₹": "INR", "R$": "BRL", "Rs": "INR"}
_SEPARATORS = (">>", ">", "|", "/")
# A part of a path as long as this, with which a title begins, is that product and no category.
_NAME = 15


class Table:
    """One table of products: its columns by what they mean."""

    def __init__(self, profile: TableProfile, columns: dict[str, str], notes: list[str]) -> None:
        self._profile = profile
        self._columns = columns
        self._notes = notes
        self._key = _slug(profile.table)

    @property
    def describes_products(self) -> bool:
        """Whether it has names of products, and something beside these."""
        more = {"price", "brand", "category", "gtin", "model", "description"}
        return (
            "title" in self._columns and bool(more & self._columns.keys()) and not self.describes_categories
        )

    @property
    def describes_categories(self) -> bool:
        """Whether it has names of categories, with what stands above each."""
        return {"key", "title", "parent"} <= self._columns.keys() and "price" not in self._columns

    def products(self, currency: str | None) -> dict[str, dict[str, Any]]:
        """The sections of YARRRML for a table of products."""
        money = self._currency(currency)
        if "price" in self._columns and money is None:
            self._notes.append(
                f"{self._profile.path.name}: prices are left out, as their currency is unknown: name it"
            )
        offers = "price" in self._columns and money is not None
        name, language = self._key, self._language()
        rows, paths, items = (f"{name.replace('-', '_')}_{part}" for part in ("rows", "paths", "items"))
        access = self._profile.path.name
        sources = {
            f"{name}-scheme": f"SELECT '{name}' AS key",
            f"{name}-categories": f"SELECT DISTINCT ON (key) * FROM {paths} ORDER BY ALL",
            f"{name}-departments": f"SELECT DISTINCT key FROM {paths} WHERE broader IS NULL",
            f"{name}-brands": f"SELECT DISTINCT ON (brand_key) brand_key, brand FROM {items} ORDER BY ALL",
            f"{name}-items": f"SELECT * FROM {items}",
        }
        if offers:
            sources[f"{name}-offers"] = (
                f"SELECT key, price, currency FROM {items} WHERE price > 0 AND currency IS NOT NULL"
            )
        return {
            "queries": self._queries(rows, paths, items, money),
            "sources": {key: {"access": access, "query": query} for key, query in sources.items()},
            "mappings": self._mappings(name, language, offers=offers),
        }

    def _queries(self, rows: str, paths: str, items: str, money: str | None) -> dict[str, str]:
        columns: dict[str, str] = {
            "key": self._text("key") if "key" in self._columns else f"md5({self._text('title')})",
            "title": f"left({self._text('title')}, 200)",
            "brand": f"coalesce(nullif({self._text('brand')}, ''), 'unbranded')",
            "path": self._path(),
            **{name: self._text(name) for name in ("gtin", "model") if name in self._columns},
        }
        if "description" in self._columns:
            columns["description"] = f"left({self._text('description')}, 4000)"
        if "price" in self._columns:
            columns |= {"price": self._amount(), "currency": money or "NULL"}
        listed = ",\n  ".join(f"{sql} AS {name}" for name, sql in columns.items())
        table = identifier(self._profile.table)
        leaf = "CASE WHEN broader IS NULL THEN path ELSE list_append(path, 'other') END"
        ways = f"{rows}_ways"
        return {
            rows: f"SELECT DISTINCT ON (key) * FROM (SELECT\n  {listed}\nFROM {table})\n"
            "WHERE length(title) > 1 ORDER BY ALL",
            ways: "SELECT DISTINCT path[:level] AS path\n"
            f"FROM (SELECT path, unnest(range(1, len(path) + 1)) AS level FROM {rows})",
            # A product stands in a category without narrower ones: where its own has some, in "other" below it.
            items: f"SELECT {rows}.* EXCLUDE path, {_slug_of('brand')} AS brand_key,\n"
            f"  {_slug_of(_joined(leaf))} AS category_key\n"
            f"FROM {rows} LEFT JOIN (SELECT DISTINCT path[:len(path) - 1] AS broader FROM {ways}) ON broader = path",
            paths: f"SELECT {_slug_of(_joined('path'))} AS key, path[-1] AS label,\n"
            f"  CASE WHEN len(path) > 1 THEN {_slug_of(_joined('path[:len(path) - 1]'))} END AS broader\n"
            f"FROM (SELECT path FROM {ways} UNION SELECT list_append(path, 'other') FROM {rows}\n"
            f"  WHERE path IN (SELECT path[:len(path) - 1] FROM {ways}))",
        }

    def _mappings(self, name: str, language: str, *, offers: bool) -> dict[str, Any]:
        tag = f"{language}~lang"
        spu = [
            ["a", "ckb:SPU"],
            ["rdfs:label", "$(title)", tag],
            ["ckb:directCategory", f"id:category/{name}-$(category_key)~iri"],
            ["ckb:directBrand", "id:brand/$(brand_key)~iri"],
        ]
        if "model" in self._columns:
            spu.append(["ckb:modelNumber", "$(model)"])
        if "description" in self._columns:
            spu.append(["dcterms:description", "$(description)", tag])
        sku: list[Any] = [
            ["a", "ckb:SKU"],
            ["rdfs:label", "$(title)", tag],
            ["ckb:variantOf", f"id:spu/{name}-$(key)~iri"],
        ]
        if "gtin" in self._columns:
            gtin = {"function": "ckb:gtin14", "parameters": [["ckb:value", "$(gtin)"]]}
            sku.append({"p": "ckb:gtin", "o": gtin})
        found = {
            **_categories(name, tag),
            "brand": _entity(
                f"{name}-brands",
                "id:brand/$(brand_key)",
                [["a", "ckb:Brand"], ["rdfs:label", "$(brand)", tag]],
            ),
            "spu": _entity(f"{name}-items", f"id:spu/{name}-$(key)", spu),
            "sku": _entity(f"{name}-items", f"id:sku/{name}-$(key)", sku),
        }
        if offers:
            merchant = f"id:merchant/{name}"
            found["merchant"] = _entity(
                f"{name}-scheme", merchant, [["a", "ckb:Merchant"], ["rdfs:label", name, tag]]
            )
            found["offer"] = _entity(
                f"{name}-offers",
                f"id:offer/{name}-$(key)",
                [
                    ["a", "ckb:Offer"],
                    ["ckb:offersSku", f"id:sku/{name}-$(key)~iri"],
                    ["ckb:offeredBy", f"{merchant}~iri"],
                    ["ckb:price", "$(price)"],
                    ["ckb:currency", "$(currency)"],
                ],
            )
        return {f"{name}-{kind}": entity for kind, entity in found.items()}

    def tree(self) -> dict[str, dict[str, Any]]:
        """The sections of YARRRML for a table of categories."""
        name, access = self._key, self._profile.path.name
        rows = f"{name.replace('-', '_')}_rows"
        columns = f"{self._text('key')} AS key, {self._text('title')} AS label, {self._above()} AS broader"
        table = identifier(self._profile.table)
        sources = {
            f"{name}-scheme": f"SELECT '{name}' AS key",
            f"{name}-categories": f"SELECT * FROM {rows}",
            f"{name}-departments": f"SELECT key FROM {rows} WHERE broader IS NULL",
        }
        found = _categories(name, f"{self._language()}~lang")
        return {
            "queries": {rows: f"SELECT DISTINCT ON (key) {columns}\nFROM {table} ORDER BY ALL"},
            "sources": {key: {"access": access, "query": query} for key, query in sources.items()},
            "mappings": {f"{name}-{kind}": entity for kind, entity in found.items()},
        }

    def _above(self) -> str:
        """The SQL of the key of the category above: a column has it, or a list of all above, with or without itself."""
        column = next(one for one in self._profile.columns if one.name == self._columns["parent"])
        quoted = identifier(column.name)
        if not re.fullmatch(r"STRUCT\(.*\bid\b.*\)\[\]", column.type):
            return f"nullif(trim(CAST({quoted} AS VARCHAR)), '')"
        own = f"{quoted}[-1].id = {identifier(self._columns['key'])}"
        return f"CASE WHEN {own} THEN {quoted}[-2].id ELSE {quoted}[-1].id END"

    def _text(self, field: str) -> str:
        if field not in self._columns:
            return "NULL"
        return f"trim(CAST({identifier(self._columns[field])} AS VARCHAR))"

    def _path(self) -> str:
        """A category's way from the top, as a list of names."""
        if "category" not in self._columns:
            return "['uncategorised']"
        found = next(one for one in self._profile.columns if one.name == self._columns["category"])
        sign = max(_SEPARATORS, key=lambda one: sum(one in sample for sample in found.samples))
        bare = f"trim({self._text('category')}, '[]\"'' ')"
        parts = f"list_transform(string_split({bare}, '{sign}'), lambda part: trim(part))"
        # Some shops end the path with the product's own name, cut short.
        title, part = f"lower({self._text('title')})", "lower(rtrim(part, '. '))"
        named = f"length(part) > {_NAME} AND (starts_with({title}, {part}) OR starts_with({part}, {title}))"
        kept = f"list_filter({parts}, lambda part: part != '' AND NOT ({named}))"
        return f"coalesce(nullif({kept}, []), ['uncategorised'])"

    def _amount(self) -> str:
        """A price as a decimal, whichever sign stands before its cents in most rows."""
        price = next(one for one in self._profile.columns if one.name == self._columns["price"])
        bare = f"regexp_replace({self._text('price')}, '[^0-9.,-]', '', 'g')"
        comma = price.patterns["comma"] > 0.5
        plain = f"replace(replace({bare}, '.', ''), ',', '.')" if comma else f"replace({bare}, ',', '')"
        return f"TRY_CAST({plain} AS DECIMAL(12, 2))"

    def _currency(self, given: str | None) -> str | None:
        """The SQL of the currency; None where nobody knows."""
        if "currency" in self._columns:
            return f"upper({self._text('currency')})"
        if given:
            return f"'{given.upper()}'"
        prices = [one for one in self._profile.columns if one.name == self._columns.get("price")]
        samples = [sample for one in prices for sample in one.samples]
        signs = {_SYMBOLS.get(re.sub(r"[\d.,\s]", "", sample)) for sample in samples}
        return f"'{signs.pop()}'" if len(signs) == 1 and None not in signs else None

    def _language(self) -> str:
        """zh for titles in Chinese characters, else en."""
        title = next(one for one in self._profile.columns if one.name == self._columns["title"])
        return "zh" if title.patterns["han"] > 0.5 else "en"


def _categories(name: str, tag: str) -> dict[str, Any]:
    """What the sources of a scheme, its categories (key, label, broader) and the topmost ones give."""
    scheme, category = f"id:category-scheme/{name}", f"id:category/{name}-$(key)"
    described = [
        ["a", "ckb:Category"],
        ["skos:prefLabel", "$(label)", tag],
        ["skos:inScheme", f"{scheme}~iri"],
        ["ckb:broaderCategory", f"id:category/{name}-$(broader)~iri"],
    ]
    head = [["a", "skos:ConceptScheme"], ["skos:prefLabel", name, tag]]
    return {
        "scheme": _entity(f"{name}-scheme", scheme, head),
        "category": _entity(f"{name}-categories", category, described),
        "department": _entity(f"{name}-departments", category, [["skos:topConceptOf", f"{scheme}~iri"]]),
    }


def _entity(source: str, subject: str, properties: list[Any]) -> dict[str, Any]:
    return {"sources": source, "s": subject, "po": properties}


def _joined(path: str) -> str:
    return f"array_to_string({path}, '/')"


def _slug_of(text: str) -> str:
    """The SQL that makes a text fit for an IRI: lower case, one hyphen for all that is neither letter nor digit."""
    return f"trim(regexp_replace(lower({text}), '[^\\p{{L}}\\p{{N}}]+', '-', 'g'), '-')"


def _slug(text: str) -> str:
    return re.sub(r"[\W_]+", "-", text.lower()).strip("-")
