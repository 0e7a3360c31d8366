"""What results say: the messages of shapes, or the defaults of messages.ttl, with their placeholders filled."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pyoxigraph as ox

from .components import Constraint
from .vocabulary import local_name

_PLACEHOLDER = re.compile(r"\{[?$](\w+)\}")


@cache
def defaults() -> Mapping[ox.NamedNode, tuple[ox.Literal, ...]]:
    """Default messages by constraint component."""
    found: dict[ox.NamedNode, tuple[ox.Literal, ...]] = defaultdict(tuple)
    for quad in ox.parse(path=Path(__file__).parent / "messages.ttl"):
        found[quad.subject] += (quad.object,)
    return found


def fill(messages: tuple[ox.Literal, ...], names: Mapping[str, object]) -> tuple[ox.Literal, ...]:
    """Messages with ``{?name}`` and ``{$name}`` replaced where the name has a value.

    >>> fill((ox.Literal("{?value} is {$what}", language="en"),), {"value": ox.Literal("7")})
    (<Literal value=7 is {$what} language=en>,)
    """

    def word(match: re.Match[str]) -> str:
        value = names.get(match[1])
        return match[0] if value is None else shown_value(value)

    return tuple(
        one if "{" not in one.value else ox.Literal(_PLACEHOLDER.sub(word, one.value), language=one.language)
        for one in messages
    )


def parameters(constraint: Constraint) -> dict[str, object]:
    """The parameters of a constraint by name, for placeholders."""
    return {key: value for key, value in vars(constraint).items() if value not in ((), "")}


def shown_value(value: object) -> str:
    """A term or parameter as a message shows it.

    >>> shown_value(ox.NamedNode("urn:x/Brand")), shown_value(("en", "zh"))
    ('Brand', 'en, zh')
    """
    if isinstance(value, tuple):
        return ", ".join(map(shown_value, value))
    if isinstance(value, ox.Literal):
        return value.value
    if isinstance(value, (ox.NamedNode, ox.BlankNode)):
        return local_name(value)
    return str(value)


def by_language(messages: tuple[ox.Literal, ...]) -> dict[str, str]:
    """Messages by language tag, ``""`` for none."""
    return {one.language or "": one.value for one in messages}
