"""The competency questions: what an analyst asks, one ``.rq`` file each in ``kb/queries``.

The head of a file says what it is, in comments:

    # id: G03
    # title: Which offers sell the SKU, cheapest first?
    # title-zh: ...
    # duty: graph crafting
    # param: sku entity ckb:SKU default=https://... label="SKU" label-zh="..."
    # chart: bar x=merchant y=price

A parameter's kind is ``entity`` (with the class that its value belongs to), ``text``, ``number`` or ``time``. Below
stands plain SPARQL 1.1 in which ``?sku`` is a variable that is never projected; asking puts the value in its place.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Literal, get_args

import pyoxigraph as ox

from ..errors import NotFound, StoreDamaged, UsageError
from ..values import iri, term
from .binding import bound
from .naming import Find, entity_named

Kind = Literal["entity", "text", "number", "time"]
Given = str | int | float | Decimal | datetime | ox.NamedNode | ox.Literal

_FOLDER = Path(__file__).parent.parent / "queries"
_NAMES = "[A-Z][0-9][0-9].rq"
_HEAD = re.compile(r"#\s*([a-z-]+):\s*(.*\S)\s*")
# Comments, IRIs and strings come first, so that what looks like a variable inside them is left alone.


@dataclass(frozen=True)
class Parameter:
    """A place in a question that a value goes to; `cls` is the class of an entity's IRI, else None."""

    name: str
    kind: Kind
    cls: str | None
    label: str
    label_zh: str
    default: str


@dataclass(frozen=True)
class Chart:
    """How an answer is drawn: ``bar`` or ``line``, and which columns are its axes."""

    kind: Literal["bar", "line"]
    x: str
    y: str


@dataclass(frozen=True)
class Question:
    """One competency question; `text` is its SPARQL, head included.

    Where `between` names two parameters, it reads what changed between the commits that they name, not a snapshot.
    """

    id: str
    title: str
    title_zh: str
    duty: str
    parameters: tuple[Parameter, ...]
    chart: Chart | None
    text: str
    between: tuple[str, ...] = ()

    def terms(self, values: Mapping[str, Given], find: Find) -> dict[str, ox.NamedNode | ox.Literal]:
        """The terms that `values` stand for, by parameter; what is not given has its default.

        An entity is given as IRI, CURIE or what it is called. Raises UsageError for an unknown parameter, a value
        that is no number or time, or a name that several entities share; NotFound for one that none has.
        """
        names = [one.name for one in self.parameters]
        for name in values:
            if name not in names:
                known = f"its parameters are {', '.join(names)}" if names else "it has none"
                raise UsageError(f"Question {self.id} has no parameter '{name}'", hint=known)
        return {
            one.name: _term(self, one, values.get(one.name, one.default), find) for one in self.parameters
        }

    def bound(self, terms: Mapping[str, ox.NamedNode | ox.Literal]) -> str:
        """The query with terms in the place of its parameters.

        >>> question("G05").bound({"spu": ox.NamedNode("urn:x")}).count("<urn:x>")
        1
        """
        return bound(self.text, terms)


@cache
def catalogue() -> tuple[Question, ...]:
    """All questions by their ids.

    >>> [one.id for one in catalogue()][:2]
    ['B01', 'B02']
    """
    return tuple(sorted(map(_read, _FOLDER.glob(_NAMES)), key=lambda one: one.id))


def question(id: str) -> Question:
    """One question. Raises NotFound with those that come near.

    >>> question("g05").title
    'What is the full category path of an SPU?'
    """
    known = {one.id: one for one in catalogue()}
    if id.upper() not in known:
        near = get_close_matches(id.upper(), known, n=5, cutoff=0.5)
        hint = f"there are {', '.join(near)}" if near else "kb query --list shows them all"
        raise NotFound(f"There is no question '{id}'", hint=hint)
    return known[id.upper()]


def _read(path: Path) -> Question:
    text = path.read_text(encoding="utf-8")
    parameters, parts = [], {}
    for key, value in _head(text):
        if key == "param":
            parameters.append(_parameter(value))
        else:
            parts[key] = value
    try:
        chart = _chart(parts["chart"]) if "chart" in parts else None
        between = tuple(parts["reads"].split()[1:]) if "reads" in parts else ()
        return Question(
            parts["id"],
            parts["title"],
            parts["title-zh"],
            parts["duty"],
            tuple(parameters),
            chart,
            text,
            between,
        )
    except KeyError as missing:
        raise StoreDamaged(f"The question lacks {missing}", where=path.name) from None


def _head(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        if not line.startswith("#"):
            return
        found = _HEAD.fullmatch(line)
        if found:
            yield found[1], found[2]


def _parameter(text: str) -> Parameter:
    name, kind, *rest = shlex.split(text)
    options = dict(one.split("=", 1) for one in rest if "=" in one)
    classes = [iri(one).value for one in rest if "=" not in one]
    if kind not in get_args(Kind) or (kind == "entity") != bool(classes):
        raise StoreDamaged(f"'{text}' is no parameter of a question", hint="see docs/questions.md")
    return Parameter(
        name,
        kind,  # type: ignore[arg-type]
        classes[0] if classes else None,
        options["label"],
        options["label-zh"],
        options["default"],
    )


def _chart(text: str) -> Chart:
    kind, *axes = text.split()
    return Chart(kind, **dict(one.split("=", 1) for one in axes))  # type: ignore[arg-type]


def _term(asked: Question, parameter: Parameter, value: Given, find: Find) -> ox.NamedNode | ox.Literal:
    where = f"parameter {parameter.name} of question {asked.id}"
    if isinstance(value, (ox.NamedNode, ox.Literal)):
        return value
    if parameter.kind == "entity":
        return entity_named(str(value).strip(), find, kind=parameter.cls, called=parameter.label, where=where)
    if parameter.kind == "number":
        return _number(value, where)
    if parameter.kind == "time":
        return _time(value, where)
    return ox.Literal(str(value))


def _number(value: Given, where: str) -> ox.Literal:
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise UsageError(f"'{value}' is no number", where=where, hint="write 20 or 0.5") from None
    return term(int(number) if number == number.to_integral_value() else number)  # type: ignore[return-value]


def _time(value: Given, where: str) -> ox.Literal:
    try:
        instant = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
    except ValueError:
        raise UsageError(
            f"'{value}' is no time", where=where, hint="write 2026-03-01 or 2026-03-01T08:00:00Z"
        ) from None
    instant = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return term(instant)  # type: ignore[return-value]
