"""Reading the constraints of a shape: parameters in the shapes graph to typed constraints."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyoxigraph as ox

from . import components as c
from .triples import Resource, Term, Triples, is_blank, shown
from .vocabulary import OWL_IMPORTS, sh

_XSD = "http://www.w3.org/2001/XMLSchema#"
_TRUE = ox.Literal("true", datatype=ox.NamedNode(_XSD + "boolean"))
KINDS = ("BlankNode", "IRI", "Literal", "BlankNodeOrIRI", "BlankNodeOrLiteral", "IRIOrLiteral")
_BEYOND = {"js": "sh:js needs a JavaScript engine", "expression": "node expressions belong to SHACL-AF"}


def flag(triples: Triples, subject: Term, name: str) -> bool:
    """A boolean parameter, false where it is missing; only the form ``true`` counts as true."""
    value = triples.one(subject, sh(name))
    if value is not None and not (
        isinstance(value, ox.Literal) and value.datatype == _TRUE.datatype and value.value in "true false 1 0"
    ):
        raise triples.fault(subject, f"needs true or false as value of sh:{name}")
    return value == _TRUE


def read_constraints(triples: Triples, shape: Resource, *, has_path: bool) -> tuple[c.Constraint, ...]:
    """All constraints that `shape` declares, in the order of the specification.

    Raises ShapesError, naming shape and parameter, for an ill-formed one.
    """
    reader = _Reader(triples, shape, has_path)
    return tuple(one for chapter in reader.chapters for one in chapter())


class _Reader:
    def __init__(self, triples: Triples, shape: Resource, has_path: bool) -> None:
        self.triples = triples
        self.shape = shape
        self.has_path = has_path
        self.chapters: tuple[Callable[[], Iterator[c.Constraint]], ...] = (
            self.value_type,
            self.cardinality,
            self.value_range,
            self.string_based,
            self.property_pair,
            self.logical,
            self.shape_based,
            self.other,
            self.sparql,
            self.foreign,
        )

    def value_type(self) -> Iterator[c.Constraint]:
        for value in self.many("class", (ox.NamedNode, ox.BlankNode)):
            yield c.Class(value)
        if (value := self.single("datatype", ox.NamedNode)) is not None:
            yield c.Datatype(value)
        if (value := self.single("nodeKind", ox.NamedNode)) is not None:
            kind = value.value.removeprefix(sh("").value)
            if kind not in KINDS:
                raise self.fault("nodeKind", f"needs one of sh:{', sh:'.join(KINDS)}")
            yield c.NodeKind(kind)

    def cardinality(self) -> Iterator[c.Constraint]:
        for name, kind in (("minCount", c.MinCount), ("maxCount", c.MaxCount)):
            if (count := self.count(name)) is not None:
                self.property_shapes_only(name)
                yield kind(count)

    def value_range(self) -> Iterator[c.Constraint]:
        for kind in (c.MinExclusive, c.MinInclusive, c.MaxExclusive, c.MaxInclusive):
            name = kind.__name__[0].lower() + kind.__name__[1:]
            if (limit := self.single(name, ox.Literal)) is not None:
                yield kind(limit)

    def string_based(self) -> Iterator[c.Constraint]:
        for name, kind in (("minLength", c.MinLength), ("maxLength", c.MaxLength)):
            if (count := self.count(name)) is not None:
                yield kind(count)
        flags = self.single("flags", ox.Literal)
        for pattern in self.many("pattern", ox.Literal):
            yield c.Pattern(pattern.value, flags.value if flags else "")
        if (head := self.single("languageIn")) is not None:
            tags = self.triples.members(head, self.shape, sh("languageIn"))
            if not all(isinstance(tag, ox.Literal) for tag in tags):
                raise self.fault("languageIn", "needs a list of language tags")
            yield c.LanguageIn(tuple(tag.value for tag in tags))
        if flag(self.triples, self.shape, "uniqueLang"):
            self.property_shapes_only("uniqueLang")
            yield c.UniqueLang()

    def property_pair(self) -> Iterator[c.Constraint]:
        for name, kind in (("equals", c.Equals), ("disjoint", c.Disjoint)):
            for predicate in self.many(name, ox.NamedNode):
                yield kind(predicate)
        for name, order in (("lessThan", c.LessThan), ("lessThanOrEquals", c.LessThanOrEquals)):
            for predicate in self.many(name, ox.NamedNode):
                self.property_shapes_only(name)
                yield order(predicate)

    def logical(self) -> Iterator[c.Constraint]:
        for shape in self.many("not", (ox.NamedNode, ox.BlankNode)):
            yield c.Not(shape)
        for name, kind in (("and", c.And), ("or", c.Or), ("xone", c.Xone)):
            for head in self.many(name):
                yield kind(tuple(self.triples.members(head, self.shape, sh(name))))

    def shape_based(self) -> Iterator[c.Constraint]:
        for shape in self.many("node", (ox.NamedNode, ox.BlankNode)):
            yield c.Node(shape)
        for shape in self.many("property", (ox.NamedNode, ox.BlankNode)):
            yield c.Property(shape)
        qualified = self.single("qualifiedValueShape", (ox.NamedNode, ox.BlankNode))
        counts = [self.count("qualifiedMinCount"), self.count("qualifiedMaxCount")]
        if qualified is None or counts == [None, None]:
            return
        self.property_shapes_only("qualifiedValueShape")
        siblings = self.siblings(qualified) if self.disjoint() else ()
        for kind, count in zip((c.QualifiedMinCount, c.QualifiedMaxCount), counts, strict=True):
            if count is not None:
                yield kind(qualified, count, siblings)

    def other(self) -> Iterator[c.Constraint]:
        if flag(self.triples, self.shape, "closed"):
            allowed = {
                path
                for part in self.triples.objects(self.shape, sh("property"))
                for path in self.triples.objects(part, sh("path"))
                if isinstance(path, ox.NamedNode) and not is_blank(path)
            }
            if (head := self.single("ignoredProperties")) is not None:
                allowed.update(self.triples.members(head, self.shape, sh("ignoredProperties")))
            yield c.Closed(tuple(sorted(allowed, key=str)))
        for value in self.many("hasValue"):
            yield c.HasValue(value)
        if (head := self.single("in")) is not None:
            yield c.In(tuple(self.triples.members(head, self.shape, sh("in"))))

    def sparql(self) -> Iterator[c.Constraint]:
        for node in self.many("sparql", (ox.NamedNode, ox.BlankNode)):
            if flag(self.triples, node, "deactivated"):
                continue
            select = self.triples.one(node, sh("select"))
            if not isinstance(select, ox.Literal):
                raise self.fault("sparql", "needs a constraint with one sh:select text")
            messages = tuple(
                one for one in self.triples.objects(node, sh("message")) if isinstance(one, ox.Literal)
            )
            yield c.SPARQL(node, select.value, prefix_lines(self.triples, node), messages)

    def foreign(self) -> Iterator[c.Constraint]:
        for name, reason in _BEYOND.items():
            if self.triples.objects(self.shape, sh(name)):
                yield c.Foreign(
                    sh(f"{name.upper() if name == 'js' else 'Expression'}ConstraintComponent"), reason
                )
        for component in dict.fromkeys(self.triples.subjects(sh("parameter"))):
            needed = [
                path
                for parameter in self.triples.objects(component, sh("parameter"))
                for path in self.triples.objects(parameter, sh("path"))
                if not flag(self.triples, parameter, "optional")
            ]
            declared = {sh(name) for name in ("validator", "nodeValidator", "propertyValidator")}
            validated = any(self.triples.objects(component, one) for one in declared)
            if needed and validated and all(self.triples.objects(self.shape, one) for one in needed):
                yield c.Foreign(component, "a custom constraint component")

    def disjoint(self) -> bool:
        return flag(self.triples, self.shape, "qualifiedValueShapesDisjoint")

    def siblings(self, own: Term) -> tuple[Resource, ...]:
        found = {
            sibling: None
            for parent in self.triples.subjects(sh("property"), self.shape)
            for part in self.triples.objects(parent, sh("property"))
            for sibling in self.triples.objects(part, sh("qualifiedValueShape"))
            if sibling != own
        }
        return tuple(found)

    def many(self, name: str, kind: type | tuple[type, ...] = object) -> list:
        values = self.triples.objects(self.shape, sh(name))
        for value in values:
            if not isinstance(value, kind):
                raise self.fault(name, f"can't have the value {shown(value)}")
        return values

    def single(self, name: str, kind: type | tuple[type, ...] = object):
        values = self.many(name, kind)
        if len(values) > 1:
            raise self.fault(name, f"has {len(values)} values, at most one is allowed")
        return values[0] if values else None

    def count(self, name: str) -> int | None:
        value = self.single(name, ox.Literal)
        if value is None:
            return None
        if value.datatype.value != _XSD + "integer" or not value.value.lstrip("+").isdigit():
            raise self.fault(name, f"needs a whole number, not {shown(value)}")
        return int(value.value)

    def property_shapes_only(self, name: str) -> None:
        if not self.has_path:
            raise self.fault(name, "is allowed in property shapes only")

    def fault(self, name: str, what: str):
        return self.triples.fault(self.shape, f"is ill-formed: sh:{name} {what}")


def prefix_lines(triples: Triples, node: Term) -> str:
    """The PREFIX lines of ``sh:prefixes``, imports followed."""
    declared: dict[str, str] = {}
    seen: set[Term] = set()
    pending = triples.objects(node, sh("prefixes"))
    while pending:
        owner = pending.pop()
        if owner in seen:
            continue
        seen.add(owner)
        pending += triples.objects(owner, OWL_IMPORTS)
        for declaration in triples.objects(owner, sh("declare")):
            prefix = triples.one(declaration, sh("prefix"))
            namespace = triples.one(declaration, sh("namespace"))
            if prefix is None or namespace is None:
                raise triples.fault(owner, "has a sh:declare without sh:prefix or sh:namespace")
            if declared.setdefault(prefix.value, namespace.value) != namespace.value:
                raise triples.fault(node, f"gives the prefix {prefix.value}: two namespaces")
    return "".join(f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in sorted(declared.items()))
