"""Attributes of products from their titles and descriptions: values of lists, quantities, and texts."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal

import numpy as np
import pyarrow as pa
import xxhash

from .. import graphs
from ..errors import DataError
from ..knowledge_base import KnowledgeBase
from ..terms import CKB, DCTERMS, PROV, RDF, RDFS, SKOS, XSD
from .edges import Edges, Triples, iris, numbers, texts
from .hierarchy import Tree
from .quantities import Quantity, Units
from .review import decisions
from .runs import Recorder, RunReport, runs
from .spans import Asked, SpanModel
from .statements import Statements

MINER, KIND = "attributes", "has-attribute"
STEPS = ("reading", "learning", "extracting", "writing")
_METHOD = "values of lists and quantities in texts, right as often as where they are known; spans by boosting"
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+")
_LONGEST_NAME = 6
# Before anything is known, an extraction is right so often, with the weight of so many cases.
_RIGHT, _WORTH = 0.85, 5.0
_FEWEST_TEXTS = 50
_SALE = f"{graphs.VOCAB}role/sale"


@dataclass(frozen=True)
class AttributeOptions:
    """How attributes are mined: stated from the score `threshold` on, for review from `doubt` on."""

    threshold: float = 0.8
    doubt: float = 0.3


@dataclass(frozen=True)
class Value:
    """A value: a concept of a list, a quantity, or a text; `said` are the characters that say so."""

    said: str
    begin: int
    end: int
    concept: str = ""
    quantity: Quantity | None = None

    @property
    def key(self) -> str:
        """Equal for equal values, whatever the words or the unit."""
        if self.quantity is not None:
            return f"{self.quantity.canonical:f}"
        return self.concept or " ".join(self.said.lower().split())


@dataclass(frozen=True)
class _Found:
    item: str
    attribute: str
    value: Value
    score: float
    seen: int


@dataclass(frozen=True)
class _Item:
    """A product with its text, category, the attributes that it may have, and the known values of those it has."""

    name: str
    text: str
    category: str
    asked: tuple[str, ...]
    known: Mapping[str, frozenset[str]]


@dataclass
class _Attributes:
    """What attributes can be: lists of concepts by their names' words, dimensions, or texts."""

    names: dict[str, dict[tuple[str, ...], str]] = field(default_factory=lambda: defaultdict(dict))
    dimensions: dict[str, str] = field(default_factory=dict)
    ranges: dict[str, tuple[Decimal, Decimal]] = field(default_factory=dict)
    single: set[str] = field(default_factory=set)
    labels: dict[str, str] = field(default_factory=dict)

    def values(self, attribute: str, text: str, quantities: Sequence[Quantity]) -> list[Value]:
        """The values of an attribute that a text holds; of names within each other the longest."""
        if attribute in self.dimensions:
            low, high = self.ranges.get(attribute, (Decimal(0), Decimal("Infinity")))
            return [
                Value(text[one.begin : one.end], one.begin, one.end, quantity=one)
                for one in quantities
                if one.unit.dimension == self.dimensions[attribute] and low <= one.canonical <= high
            ]
        names, words = self.names.get(attribute, {}), list(_WORD.finditer(text.lower()))
        found, first = [], 0
        while first < len(words):
            for size in range(min(_LONGEST_NAME, len(words) - first), 0, -1):
                concept = names.get(tuple(one[0] for one in words[first : first + size]))
                if concept is not None:
                    begin, end = words[first].start(), words[first + size - 1].end()
                    found.append(Value(text[begin:end], begin, end, concept))
                    break
            else:
                size = 1
            first += size
        return found


def mine_attributes(
    knowledge: KnowledgeBase,
    *,
    options: AttributeOptions | None = None,
    progress: Callable[[str], None] = lambda step: None,
) -> RunReport:
    """Say which values products have for attributes of their category that nobody states, as one run.

    Lists and units are those of the store; how sure an attribute's extraction is, products tell whose value is
    known. Raises DataError where no product can have an attribute, ToolMissing without the extra, GateRefused.
    """
    options = options or AttributeOptions()
    recorder = Recorder(knowledge, MINER, method=_METHOD, parameters=asdict(options))
    progress("reading")
    earlier = [one.graph for one in runs(knowledge) if one.miner == MINER]
    said = Statements(knowledge)
    about, items = _attributes(said), _items(said, earlier)
    if not any(one.asked for one in items):
        raise DataError("No product can have an attribute", hint="load categories with attribute rules first")
    units = Units.read(said)
    progress("learning")
    precision = _precision(about, items, units)
    model = _text_model(about, items)
    progress("extracting")
    found = _extracted(about, items, units, precision, model)
    verdicts = {(one.subject, one.object): one.accepted for one in decisions(knowledge, kind=KIND)}
    kept = [one for one in found if verdicts.get((one.item, _node(one)), one.score >= options.doubt)]
    stated = [verdicts.get((one.item, _node(one)), False) or one.score >= options.threshold for one in kept]
    progress("writing")
    extra = Triples()
    _describe(extra, about, kept, _makers(said, earlier, recorder))
    edges = Edges(
        kind=KIND,
        property=CKB.hasAttributeAssertion.value,
        subjects=[one.item for one in kept],
        objects=[_node(one) for one in kept],
        scores=np.array([one.score for one in kept], float),
        supports=np.array([one.seen for one in kept], np.int64),
        evidence=[
            f"'{one.value.said}' at {one.value.begin} to {one.value.end} of its text; such values were right "
            f"in {one.score:.0%} of {one.seen} known cases"
            for one in kept
        ],
        stated=np.array(stated, bool),
    )
    figures = {
        "products": len(items),
        "values found": len(kept),
        "attributes": len({one.attribute for one in kept}),
    }
    return recorder.record([edges] if len(edges) else [], extra, figures=figures)


def _node(found: _Found) -> str:
    """The IRI of the attribute assertion: the same value of the same attribute has the same one in every run."""
    name = f"{found.item} {found.attribute} {found.value.key}"
    return f"{graphs.DATA}attribute-assertion/mined-{xxhash.xxh3_64_hexdigest(name.encode())}"


def _attributes(said: Statements) -> _Attributes:
    about = _Attributes()
    kinds = {one for one, kind in said.pairs(RDF.type) if kind == CKB.Attribute.value}
    about.dimensions.update((one, kind) for one, kind in said.pairs(CKB.dimension) if one in kinds)
    about.single.update(one for one, value in said.pairs(CKB.singleValued) if value == "true")
    lows, highs = dict(said.pairs(CKB.plausibleMinimum)), dict(said.pairs(CKB.plausibleMaximum))
    for one in lows.keys() | highs.keys():
        about.ranges[one] = (Decimal(lows.get(one, 0)), Decimal(highs.get(one, "Infinity")))
    schemes: dict[str, list[str]] = defaultdict(list)
    for attribute, scheme in said.pairs(CKB.valueScheme):
        schemes[scheme].append(attribute)
    names = {**said.labels(SKOS.prefLabel)}
    for concept, some in said.labels(SKOS.altLabel).items():
        names[concept] = [*names.get(concept, ()), *some]
    for concept, scheme in said.pairs(SKOS.inScheme):
        for attribute in schemes.get(scheme, ()):
            for text, _ in names.get(concept, ()):
                about.names[attribute].setdefault(tuple(_WORD.findall(text.lower())), concept)
    about.labels.update((one, some[0][0]) for one, some in {**names, **said.labels()}.items() if one in kinds)
    return about


def _items(said: Statements, earlier: Sequence[str]) -> list[_Item]:
    """SPUs with the attributes of their categories that are not for sale variants, SKUs with those that are."""
    types = said.pairs(RDF.type)
    spus, skus = ({one for one, kind in types if kind == wanted.value} for wanted in (CKB.SPU, CKB.SKU))
    variant, direct = dict(said.pairs(CKB.variantOf)), dict(said.pairs(CKB.directCategory))
    tree = Tree(dict(said.pairs(CKB.broaderCategory)))
    roles, asks = dict(said.pairs(CKB.attributeRole)), dict(said.pairs(CKB.ruleForAttribute))
    rules: dict[tuple[str, bool], set[str]] = defaultdict(set)
    for rule, category in said.pairs(CKB.ruleForCategory):
        if rule in asks:
            rules[category, roles.get(rule) == _SALE].add(asks[rule])
    kinds = dict(said.pairs(CKB.ofAttribute))
    values: dict[str, set[str]] = defaultdict(set)
    for property in (CKB.valueConcept, CKB.canonicalValue, CKB.textValue):
        for node, value in said.pairs(property):
            values[node].add(f"{Decimal(value).normalize():f}" if property == CKB.canonicalValue else value)
    known: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for item, node in said.besides(CKB.hasAttributeAssertion, earlier):
        if node in kinds:
            known[item][kinds[node]] |= {value if ":" in value else value.lower() for value in values[node]}
    titles, more = said.labels(), dict(said.pairs(DCTERMS.description))
    found = []
    for item in sorted(spus | skus):
        category = direct.get(variant.get(item, item), "")
        asked = sorted({one for step in tree.path(category) for one in rules[step, item in skus]})
        text = " | ".join([*(text for text, _ in titles.get(item, ())), more.get(item, "")]).strip(" |")
        has = {attribute: frozenset(some) for attribute, some in known[item].items()}
        found.append(_Item(item, text, category, tuple(asked), has))
    return found


def _precision(about: _Attributes, items: Sequence[_Item], units: Units) -> dict[str, tuple[float, int]]:
    """By attribute how often what the text holds is what is known, and of how many cases that is said."""
    right: dict[str, int] = defaultdict(int)
    seen: dict[str, int] = defaultdict(int)
    for item in items:
        quantities = units.quantities(item.text) if item.known else []
        for attribute, known in item.known.items():
            for value in about.values(attribute, item.text, quantities):
                seen[attribute] += 1
                right[attribute] += value.key in known
    return {
        one: ((right[one] + _RIGHT * _WORTH) / (seen[one] + _WORTH), seen[one])
        for one in {*seen, *about.names, *about.dimensions}
    }


def _text_model(about: _Attributes, items: Sequence[_Item]) -> SpanModel | None:
    """What the known values of attributes without list and unit look like; None where few stand in the texts."""
    examples = [
        Asked(item.text, item.category, attribute, known)
        for item in items
        for attribute, known in item.known.items()
        if attribute not in about.names and attribute not in about.dimensions
    ]
    held = sum(any(value in one.text.lower() for value in one.values) for one in examples)
    return SpanModel.trained(examples) if held >= _FEWEST_TEXTS else None


def _extracted(
    about: _Attributes,
    items: Sequence[_Item],
    units: Units,
    precision: Mapping[str, tuple[float, int]],
    model: SpanModel | None,
) -> list[_Found]:
    found, asked = [], []
    for item in items:
        missing = [one for one in item.asked if one not in item.known]
        quantities = units.quantities(item.text) if missing else []
        held = {one: about.values(one, item.text, quantities) for one in missing}
        claims: dict[tuple[int, int], int] = defaultdict(int)
        for values in held.values():
            for place in {(value.begin, value.end) for value in values}:
                claims[place] += 1
        for attribute, values in held.items():
            once = {value.key: value for value in reversed(values)}
            for value in once.values():
                share, seen = precision.get(attribute, (_RIGHT, 0))
                rivals = len(once) if attribute in about.single or attribute in about.dimensions else 1
                score = share / rivals / claims[value.begin, value.end]
                found.append(_Found(item.name, attribute, value, score, seen))
            if model is not None and attribute not in about.names and attribute not in about.dimensions:
                asked.append((item, Asked(item.text, item.category, attribute)))
    if model is not None and asked:
        for (item, one), span in zip(asked, model.best([one for _, one in asked]), strict=True):
            if span is not None:
                value = Value(span.text, span.begin, span.end)
                found.append(_Found(item.name, one.attribute, value, min(span.score, 0.99), len(items)))
    return found


def _makers(said: Statements, earlier: Sequence[str], recorder: Recorder) -> Callable[[str], str]:
    """By attribute assertion the run that found it first, of those that stand."""
    first = {node: run for graph in earlier for node, run in said.pairs(PROV.wasGeneratedBy, graph)}
    return lambda node: first.get(node, recorder.iri)


def _describe(
    extra: Triples, about: _Attributes, found: Sequence[_Found], maker: Callable[[str], str]
) -> None:
    """The attribute assertions themselves; those that wait for review belong to no product yet."""
    if not found:
        return
    nodes = iris([_node(one) for one in found])
    extra.add(nodes, RDF.type, CKB.AttributeAssertion)
    extra.add(nodes, CKB.ofAttribute, iris([one.attribute for one in found]))
    labels = [f"{about.labels.get(one.attribute, 'value')}: {one.value.said}" for one in found]
    extra.add(nodes, RDFS.label, texts(labels))
    extra.add(nodes, CKB.origin, texts(["mined"] * len(found)))
    extra.add(nodes, CKB.confidence, numbers(np.array([one.score for one in found]), "decimal"))
    extra.add(nodes, PROV.wasGeneratedBy, iris([maker(_node(one)) for one in found]))
    extra.add(nodes, PROV.wasDerivedFrom, iris([one.item for one in found]))
    listed = [one for one in found if one.value.concept]
    extra.add(
        iris([_node(one) for one in listed]), CKB.valueConcept, iris([one.value.concept for one in listed])
    )
    measured = [(one, one.value.quantity) for one in found if one.value.quantity is not None]
    places = iris([_node(one) for one, _ in measured])
    extra.add(places, CKB.unit, iris([quantity.unit.iri for _, quantity in measured]))
    for property, values in (
        (CKB.numericValue, [quantity.number for _, quantity in measured]),
        (CKB.canonicalValue, [quantity.canonical for _, quantity in measured]),
    ):
        extra.add(
            places, property, pa.array([f'"{one:f}"^^{XSD.decimal}' for one in values], pa.large_string())
        )
    written = [one for one in found if not one.value.concept and one.value.quantity is None]
    extra.add(
        iris([_node(one) for one in written]), CKB.textValue, texts([one.value.said for one in written])
    )
