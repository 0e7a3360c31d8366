"""What the page of one entity shows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from pyoxigraph import NamedNode

from kb import graphs
from kb.terms import OWL, PREFIXES, RDF, RDFS, SKOS

from . import charts
from .display import Cell, Labels, iris_in
from .links import short, with_parameters
from .reader import View

_NAMES = {RDFS.label.value, SKOS.prefLabel.value}
_HIDDEN_TYPES = {OWL.Thing.value, OWL.NamedIndividual.value}
_OWN = PREFIXES["ckb"]
_MEANS = {f"{graphs.VOCAB}metric/{code}" for code in ("price", "followers", "return-rate")}


@dataclass(frozen=True)
class Value:
    """One value of a property; an inferred one has the address of its proof."""

    cell: Cell
    why: str | None

    @property
    def inferred(self) -> bool:
        """Whether nobody said it."""
        return self.why is not None


@dataclass(frozen=True)
class Property:
    """A property with its values."""

    cell: Cell
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Incoming:
    """Things that point here by one property: how many, and some of them."""

    cell: Cell
    count: int
    examples: tuple[Cell, ...]


@dataclass(frozen=True)
class Entity:
    """All that the page of one entity shows; `foreign` is what follows in other vocabularies."""

    iri: str
    title: str
    names: tuple[tuple[str, str], ...]
    types: tuple[Value, ...]
    attributes: tuple[Property, ...]
    relations: tuple[Property, ...]
    consequences: tuple[Property, ...]
    foreign: tuple[Property, ...]
    incoming: tuple[Incoming, ...]
    charts: tuple[charts.Line, ...]


def load(view: View, iri: str, *, language: str, link_language: str | None = None) -> Entity | None:
    """The entity with this IRI as the caller may see it, or None where nothing is said of it."""
    said: dict[str, list[object]] = defaultdict(list)
    for row in view.rows("facts", entity=iri):
        said[row["property"].value].append(row["value"])
    asserted = {tuple(row) for row in view.rows("facts", entity=iri, reasoning=False)}
    pointing = list(view.rows("incoming_counts", entity=iri))
    if not said and not pointing:
        return None
    examples = {
        row["property"].value: [
            found["subject"] for found in view.rows("incoming", entity=iri, property=row["property"].value)
        ]
        for row in pointing
    }
    mentioned = {iri, *said, *examples} | iris_in(value for values in said.values() for value in values)
    mentioned |= iris_in(thing for things in examples.values() for thing in things)
    labels = Labels.of(view, mentioned, language=language)

    def cell(term: object) -> Cell:
        return labels.cell(term, link_language=link_language)

    def proof(property: str, value: object) -> str:
        return with_parameters("/explain", s=iri, p=property, o=str(value), lang=link_language)

    def values_of(property: str) -> tuple[Value, ...]:
        known = NamedNode(property)
        values = [
            Value(cell(value), None if (known, value) in asserted else proof(property, value))
            for value in said.get(property, ())
        ]
        return tuple(sorted(values, key=lambda value: (value.inferred, value.cell.text.casefold())))

    groups: dict[str, list[Property]] = defaultdict(list)
    for property in said:
        if property in _NAMES or property == RDF.type.value:
            continue
        entry = Property(cell(NamedNode(property)), values_of(property))
        groups[_group(property, entry)].append(entry)
    for entries in groups.values():
        entries.sort(key=lambda entry: entry.cell.text.casefold())
    types = [value for value in values_of(RDF.type.value) if value.cell.title not in _HIDDEN_TYPES]
    return Entity(
        iri=iri,
        title=labels.name(iri),
        names=tuple(sorted(labels.all(iri).items())),
        types=tuple(types),
        attributes=tuple(groups["attributes"]),
        relations=tuple(groups["relations"]),
        consequences=tuple(groups["consequences"]),
        foreign=tuple(groups["foreign"]),
        incoming=tuple(
            Incoming(
                cell(row["property"]),
                int(row["count"].value),
                tuple(cell(thing) for thing in examples[row["property"].value]),
            )
            for row in pointing
        ),
        charts=_charts(view, iri, language),
    )


def _group(property: str, entry: Property) -> str:
    """Where a property is shown; what only follows in other vocabularies is of interest to few."""
    inferred = all(value.inferred for value in entry.values)
    if inferred and not property.startswith(_OWN):
        return "foreign"
    if inferred:
        return "consequences"
    return "relations" if any(value.cell.kind == "iri" for value in entry.values) else "attributes"


def _charts(view: View, iri: str, language: str) -> tuple[charts.Line, ...]:
    """The course of each metric: means of prices and counts of people, sums of everything else."""
    course: dict[str, list[tuple[str, float]]] = defaultdict(list)
    currencies: dict[str, str] = {}
    for row in view.rows("observations", entity=iri):
        metric = row["metric"].value
        number = row["mean"] if metric in _MEANS else row["sum"]
        course[metric].append((row["day"].value, float(number.value)))
        if row["currency"] is not None:
            currencies[metric] = row["currency"].value
    labels = Labels.of(view, course, language=language)
    drawn = []
    for metric, points in course.items():
        unit = f" ({currencies[metric]})" if metric in currencies else ""
        chart = charts.line(f"{labels.name(metric)}{unit}", points)
        if chart is not None:
            drawn.append(chart)
    return tuple(drawn)


def kind_of(iri: str) -> str:
    """The kind that an entity's IRI names, for headings.

    >>> kind_of(f"{graphs.DATA}spu/lip-01"), kind_of(f"{graphs.VOCAB}metric/price")
    ('spu', 'metric')
    """
    for base in (graphs.DATA, graphs.VOCAB):
        if iri.startswith(base):
            return iri.removeprefix(base).split("/")[0]
    return short(iri)
