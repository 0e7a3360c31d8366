"""Python values as RDF terms: strings are IRIs or CURIEs, numbers, truth values and dates typed literals."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pyoxigraph as ox

from .errors import UsageError
from .terms import PREFIXES, XSD

Value = str | int | float | bool | Decimal | date | ox.NamedNode | ox.BlankNode | ox.Literal
Term = ox.NamedNode | ox.BlankNode | ox.Literal

_NOT_FINITE = {"inf": "INF", "-inf": "-INF", "nan": "NaN"}


def term(value: Value) -> Term:
    """The term that a value stands for; a literal string needs `pyoxigraph.Literal`.

    >>> term("ckb:SPU")
    <NamedNode value=https://w3id.org/commerce-kb/onto#SPU>
    >>> term(Decimal("9.90"))
    <Literal value=9.90 datatype=<NamedNode value=http://www.w3.org/2001/XMLSchema#decimal>>

    Raises UsageError for a string that is neither an IRI nor a CURIE with a known prefix, and for a Decimal that
    is infinite or no number.
    """
    if isinstance(value, (ox.NamedNode, ox.BlankNode, ox.Literal)):
        return value
    if isinstance(value, bool):
        return ox.Literal(str(value).lower(), datatype=XSD.boolean)
    if isinstance(value, int):
        return ox.Literal(str(value), datatype=XSD.integer)
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise UsageError(f"{value} is no xsd:decimal", hint="give a float, which becomes an xsd:double")
        return ox.Literal(f"{value:f}", datatype=XSD.decimal)
    if isinstance(value, float):
        return ox.Literal(_NOT_FINITE.get(repr(value), repr(value)), datatype=XSD.double)
    if isinstance(value, datetime):
        return ox.Literal(value.isoformat().replace("+00:00", "Z"), datatype=XSD.dateTime)
    if isinstance(value, date):
        return ox.Literal(value.isoformat(), datatype=XSD.date)
    return iri(value)


def node(value: Value) -> ox.NamedNode | ox.BlankNode:
    """The IRI or blank node that a value stands for, for subjects.

    Raises UsageError for a literal.
    """
    found = term(value)
    if isinstance(found, ox.Literal):
        raise UsageError(f"{found} can't be the subject of a triple", hint="give an IRI or a CURIE")
    return found


def predicate(value: Value) -> ox.NamedNode:
    """The IRI that a value stands for, for predicates.

    >>> predicate("ckb:price").value
    'https://w3id.org/commerce-kb/onto#price'

    Raises UsageError.
    """
    found = node(value)
    if isinstance(found, ox.BlankNode):
        raise UsageError("A blank node can't be a predicate", hint="give an IRI or a CURIE")
    return found


def iri(text: str) -> ox.NamedNode:
    """An IRI from itself (with or without angle brackets) or from a CURIE.

    >>> iri("<urn:x>"), iri("rdf:type").value[-4:]
    (<NamedNode value=urn:x>, 'type')

    Raises UsageError.
    """
    bare = text[1:-1] if text.startswith("<") and text.endswith(">") else text
    prefix, colon, local = bare.partition(":")
    if colon and prefix in PREFIXES and not local.startswith("//"):
        return ox.NamedNode(PREFIXES[prefix] + local)
    try:
        if not colon:
            raise ValueError
        return ox.NamedNode(bare)
    except ValueError:
        raise UsageError(
            f"'{text}' is neither an IRI nor a CURIE",
            hint=f"known prefixes are {', '.join(PREFIXES)}; a text literal is pyoxigraph.Literal(...)",
        ) from None
