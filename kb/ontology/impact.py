"""What a change of the ontology means for a store: consequences gained and lost, shapes and questions it touches."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pyoxigraph as ox

from ..columns.image import Image
from ..columns.kernels import heads, subtract, tails, unite
from ..graphs import DATA
from ..querying.competency import Question
from ..reasoning import OntologyCheck
from ..terms import OWL, PREFIXES, RDF
from .difference import Difference, few, short

EXAMPLES = 3
MOST_TOLD = 25
_ABOUT_TERMS = ("http://www.w3.org/2000/01/rdf-schema#", "http://www.w3.org/2002/07/owl#")


@dataclass(frozen=True)
class Consequence:
    """What is no longer concluded, or concluded now, with one property or (for rdf:type) of one class."""

    term: str
    gained: int
    lost: int
    examples: tuple[str, ...]

    def __str__(self) -> str:
        counts = f"{self.gained:,} gained, {self.lost:,} lost"
        return f"{short(self.term)}: {counts}, such as {'; '.join(self.examples)}"


@dataclass(frozen=True)
class Touched:
    """A shape or a question that the change touches, and how; `breaks` says that it names what is gone."""

    name: str
    why: str
    breaks: bool = True

    def __str__(self) -> str:
        return f"{self.name}: {self.why}"


@dataclass(frozen=True)
class Impact:
    """A change of a store's ontology in words, and what it means there; false where something breaks.

    `check` is None where nobody asked HermiT; `contradictions` are those that the data have with the new ontology.
    """

    difference: Difference
    consequences: tuple[Consequence, ...] = ()
    shapes: tuple[Touched, ...] = ()
    questions: tuple[Touched, ...] = ()
    contradictions: tuple[str, ...] = ()
    check: OntologyCheck | None = None

    def __bool__(self) -> bool:
        broken = any(one.breaks for one in (*self.shapes, *self.questions))
        return not (broken or self.contradictions) and (self.check is None or bool(self.check))

    def __str__(self) -> str:
        parts = [("", self.difference.lines(most=MOST_TOLD) or ["no difference"])]
        listed: dict[str, Sequence[object]] = {
            "consequences on the current data": self.consequences,
            "shapes that name what is gone": self.shapes,
            "questions": self.questions,
            "contradictions": self.contradictions,
        }
        for title, found in listed.items():
            parts += [(title, few([str(one) for one in found], "(--format json tells all)", MOST_TOLD))]
        if self.check is not None:
            parts += [("the ontology then", str(self.check).splitlines())]
        lines = []
        for title, told in parts:
            indent = "  " if title else ""
            lines += [title] * bool(title and told) + [f"{indent}{line}" for line in told]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "difference": self.difference.to_dict(),
            "consequences": [vars(one) for one in self.consequences],
            "shapes": [vars(one) for one in self.shapes],
            "questions": [vars(one) for one in self.questions],
            "contradictions": list(self.contradictions),
            "check": self.check.to_dict() if self.check else None,
        }


def consequences(before: Image, after: Image) -> tuple[Consequence, ...]:
    """What follows from the data in one image and not in the other; both share a dictionary. Most rows first."""
    dictionary = before.dictionary
    typed = dictionary.id(str(RDF.type))
    gained: Counter[int] = Counter()
    lost: Counter[int] = Counter()
    told: dict[int, list[str]] = defaultdict(list)
    for predicate in _predicates(before, after):
        old, new = (_inferred(one, predicate) for one in (before, after))
        for sign, counter, rows in (("+", gained, subtract(new, old)), ("-", lost, subtract(old, new))):
            if predicate != typed:
                groups = {predicate: rows} if len(rows) else {}
            else:
                classes = tails(rows)
                groups = {one: rows[classes == one] for one in set(classes.tolist())}
            for term, part in groups.items():
                counter[term] += len(part)
                for row in part[:EXAMPLES]:
                    ids = (int(heads(row)), predicate, int(tails(row)))
                    told[term].append(" ".join([sign, *(_word(dictionary.text(one)) for one in ids)]))
    order = sorted(told, key=lambda one: (-gained[one] - lost[one], one))
    return tuple(
        Consequence(dictionary.text(one)[1:-1], gained[one], lost[one], tuple(told[one][:EXAMPLES]))
        for one in order
    )


def shapes_naming(triples: Iterable[ox.Triple], terms: Sequence[str]) -> tuple[Touched, ...]:
    """The shapes that name one of these terms, in a triple or in their SPARQL."""
    plain = list(triples)
    above = {one.object: one.subject for one in plain if isinstance(one.object, ox.BlankNode)}
    found: dict[tuple[str, str], None] = {}
    for one in plain:
        for term in terms:
            text = one.object.value if isinstance(one.object, ox.Literal) else ""
            if term == getattr(one.object, "value", "") or (text and _names(text, term)):
                shape = one.subject
                while isinstance(shape, ox.BlankNode) and shape in above:
                    shape = above[shape]
                found[short(getattr(shape, "value", str(shape))), f"names {short(term)}"] = None
    return tuple(Touched(*key) for key in sorted(found))


def questions_naming(asked: Iterable[Question], terms: Iterable[str]) -> dict[str, list[str]]:
    """The questions (by id) whose query names one of these terms, and which."""
    listed = list(terms)
    found = {one.id: [term for term in listed if _names(one.text, term)] for one in asked}
    return {id: names for id, names in found.items() if names}


def _word(text: str) -> str:
    return short(text[1:-1]).removeprefix(f"<{DATA}").rstrip(">") if text.startswith("<") else text


def _names(text: str, term: str) -> bool:
    curie = next(
        (
            f"{prefix}:{term.removeprefix(space)}"
            for prefix, space in PREFIXES.items()
            if term.startswith(space)
        ),
        term,
    )
    return term in text or re.search(rf"(?<![\w-]){re.escape(curie)}(?![\w-])", text) is not None


def _predicates(*images: Image) -> list[int]:
    found = {key for one in images for view in (one.inferred_public, one.inferred_private) for key in view}
    dictionary = images[0].dictionary
    return sorted(
        one
        for one in found
        if (text := dictionary.text(one)[1:-1]) == OWL.sameAs.value or not text.startswith(_ABOUT_TERMS)
    )


def _inferred(image: Image, predicate: int):
    return unite(
        image.inferred_public.get_relation(predicate).pairs,
        image.inferred_private.get_relation(predicate).pairs,
    )
