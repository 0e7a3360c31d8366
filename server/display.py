"""Terms as people read them: a label in their language, a link, a number, a date. No I/O but the look-up of labels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode, Triple

from kb.terms import PREFIXES

from .links import href, words
from .reader import View

_BATCH = 500
_XSD = PREFIXES["xsd"]
_NUMBERS = {
    f"{_XSD}{name}" for name in ("integer", "decimal", "double", "float", "long", "int", "nonNegativeInteger")
}


@dataclass(frozen=True)
class Cell:
    """One term on a page: `kind` is iri, text, number, time or unbound, `title` the whole of it."""

    text: str
    kind: str
    title: str
    href: str | None = None
    language: str | None = None


class Labels:
    """The names of things in all languages, looked up once."""

    def __init__(self, names: Mapping[str, Mapping[str, str]], language: str) -> None:
        self._names = names
        self.language = language

    @classmethod
    def of(cls, view: View, iris: Iterable[str], *, language: str) -> Labels:
        """Look up the names of these IRIs; those that nobody named are read off the IRI."""
        wanted = sorted({iri for iri in iris if iri.startswith(("http://", "https://"))})
        names: dict[str, dict[str, str]] = defaultdict(dict)
        for start in range(0, len(wanted), _BATCH):
            for row in view.rows_about("labels", wanted[start : start + _BATCH]):
                spoken = (row["label"].language or "").split("-")[0]
                names[row["thing"].value].setdefault(spoken, row["label"].value)
        return cls(names, language)

    def name(self, iri: str, *, language: str | None = None) -> str:
        """The best name of a thing: in this language, else unmarked, English, any, else the end of its IRI."""
        names = self._names.get(iri, {})
        for wanted in (language or self.language, "", "en", "zh"):
            if wanted in names:
                return names[wanted]
        return next(iter(names.values()), None) or words(iri)

    def all(self, iri: str) -> Mapping[str, str]:
        """The names of a thing by language; the empty key is the unmarked one."""
        return self._names.get(iri, {})

    def cell(self, term: object, *, link_language: str | None = None) -> Cell:
        """A term as a page shows it; an unbound one is an empty cell of the kind ``unbound``."""
        if term is None:
            return Cell("–", "unbound", "")
        if isinstance(term, NamedNode):
            text = self.name(term.value)
            return Cell(text, "iri", term.value, href=href(term.value, language=link_language))
        if isinstance(term, Literal):
            return _literal(term)
        if isinstance(term, Triple):
            return Cell(str(term), "text", str(term))
        return Cell(f"_:{getattr(term, 'value', term)}", "text", str(term))


def iris_in(terms: Iterable[object]) -> set[str]:
    """The IRIs among some terms.

    >>> iris_in([NamedNode("urn:x"), Literal("y"), None])
    {'urn:x'}
    """
    return {term.value for term in terms if isinstance(term, NamedNode)}


def _literal(literal: Literal) -> Cell:
    datatype = literal.datatype.value
    if datatype in _NUMBERS:
        return Cell(_number(literal.value), "number", literal.value)
    if datatype == f"{_XSD}dateTime":
        return Cell(_time(literal.value), "time", literal.value)
    if datatype == f"{_XSD}date":
        return Cell(literal.value, "time", literal.value)
    return Cell(literal.value, "text", literal.value, language=literal.language)


def _number(text: str) -> str:
    """Digits in groups of three, and at most four decimals.

    >>> _number("1234567"), _number("0.3333333333"), _number("9.90"), _number("NaN"), _number("1.5E-9")
    ('1,234,567', '0.3333', '9.90', 'NaN', '1.5E-9')
    """
    whole, point, decimals = text.partition(".")
    if not whole.lstrip("+-").isdigit() or not (decimals.isdigit() or not point):
        return text
    kept = decimals if len(decimals) <= 4 else f"{float(f'0.{decimals}'):.4f}"[2:].rstrip("0")
    grouped = f"{int(whole):,}"
    sign = "-" if whole.startswith("-") and not grouped.startswith("-") else ""
    return f"{sign}{grouped}.{kept}" if kept else f"{sign}{grouped}"


def _time(text: str) -> str:
    """Date and minute; midnight is a date.

    >>> _time("2026-03-01T00:00:00Z"), _time("2026-03-01T09:30:00+08:00")
    ('2026-03-01', '2026-03-01 09:30 +08:00')
    """
    date, _, rest = text.partition("T")
    clock, zone = rest[:5], rest[8:].lstrip("0123456789.").replace("Z", "").replace("+00:00", "")
    return (
        date
        if rest[:8] == "00:00:00" and not zone
        else " ".join(part for part in (date, clock, zone) if part)
    )
