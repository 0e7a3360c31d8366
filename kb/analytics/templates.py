"""What queries touch, by template: texts that differ in constants alone are read once.

It serves the choice of the engine and nothing else: whatever a template overlooks costs time, never an answer.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from .algebra import (
    Bgp,
    Constant,
    Group,
    Path,
    Pattern,
    Query,
    Select,
    Term,
    Uncovered,
    Union,
)

_FORM = re.compile(r"\b(?:ASK|CONSTRUCT|DESCRIBE|SELECT)\b", re.IGNORECASE)
# Absolute IRIs, strings, numbers; a comment or a name that looks like one makes another template, no more.
_CONSTANT = re.compile(
    r"""<[A-Za-z][A-Za-z0-9+.\-]*:[^<>"{}|^`\\\x00-\x20]*>
    | '[^'\\\r\n]*' | "[^"\\\r\n]*" | (?<![\w.:\-])\d+(?:\.\d+)?(?:[eE][+-]?\d+)?""",
    re.VERBOSE,
)
_MOST = 512
Block = list[Pattern]
"""The triple patterns of one group."""


@dataclass(frozen=True)
class _Lifted:
    """A text without its constants; `same` says by constant IRI which of them is the first one like it."""

    frame: str
    same: tuple[int, ...]
    literals: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Template:
    """What was read of the first text of a template, which had these IRIs."""

    iris: tuple[str, ...]
    blocks: tuple[Block, ...]


class Templates:
    """The blocks of queries, by template; those asked for last are kept.

    >>> from .planning import Plans
    >>> templates = Templates(Plans().of)
    >>> one, other = (templates.blocks(f"SELECT * {{ ?s a <urn:{x}> FILTER(?s != '{x}') }}") for x in "ab")
    >>> one[0][0].object.text, other[0][0].object.text
    ('<urn:a>', '<urn:b>')
    """

    def __init__(self, read: Callable[[str], Query]) -> None:
        self._read = read
        self._known: OrderedDict[_Lifted, _Template | Uncovered | None] = OrderedDict()

    def blocks(self, text: str) -> list[Block]:
        """The triple patterns of each group of a query, but for what is looked up for each solution.

        Raises Uncovered; QueryError for what Oxigraph does not accept, if nothing like it was read before.
        """
        lifted, iris, literals = _lifted(text)
        if self._known.get(lifted, ...) is None:
            lifted = replace(lifted, literals=literals)
        if lifted not in self._known:
            lifted = self._learn(text, lifted, iris, literals)
        self._known.move_to_end(lifted)
        found = self._known[lifted]
        if not isinstance(found, _Template):
            raise Uncovered(*(found.args if found else ()))
        exchanged = {one: other for one, other in zip(found.iris, iris, strict=True) if one != other}
        if not exchanged:
            return list(found.blocks)
        return [[_exchanged(one, exchanged) for one in block] for block in found.blocks]

    def _learn(self, text: str, lifted: _Lifted, iris: tuple[str, ...], literals: tuple[str, ...]) -> _Lifted:
        """Read a text, and remember it; gives what it is known by."""
        found: _Template | Uncovered
        try:
            found = _Template(iris, tuple(_blocks(self._read(text).select)))
        except Uncovered as reason:
            found = reason
        if isinstance(found, _Template) and not lifted.literals and any(map(_has_literal, found.blocks)):
            self._known[lifted] = None  # Its literals are looked up: texts with others are other templates.
            lifted = replace(lifted, literals=literals)
        self._known[lifted] = found
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
        return lifted


def _lifted(text: str) -> tuple[_Lifted, tuple[str, ...], tuple[str, ...]]:
    """A text without the constants behind its prologue, its IRIs and its literals."""
    iris: list[str] = []
    literals: list[str] = []

    def lift(constant: re.Match[str]) -> str:
        said = constant.group()
        (iris if said[0] == "<" else literals).append(said)
        return "<>" if said[0] == "<" else "''"

    begun = _FORM.search(text)
    begin = begun.start() if begun else 0
    frame = text[:begin] + _CONSTANT.sub(lift, text[begin:])
    same = tuple(map(iris.index, iris))
    return _Lifted(frame, same), tuple(iris), tuple(literals)


def _exchanged(pattern: Pattern, iris: Mapping[str, str]) -> Pattern:
    def term(part: Term) -> Term:
        return Constant(iris.get(part.text, part.text)) if isinstance(part, Constant) else part

    def path(part: Path) -> Path:
        return Path(part.operator, tuple(map(path, part.parts)), iris.get(part.iri, part.iri))

    predicate = pattern.predicate
    middle = path(predicate) if isinstance(predicate, Path) else term(predicate)
    return Pattern(term(pattern.subject), middle, term(pattern.object))


def _has_literal(block: Block) -> bool:
    ends = (end for one in block for end in (one.subject, one.object))
    return any(isinstance(end, Constant) and end.text.startswith('"') for end in ends)


def _blocks(select: Select) -> list[Block]:
    """The triple patterns that are joined with each other; what is looked up for each solution is left out."""
    found: list[Block] = []

    def visit(group: Group, joined: Block) -> None:
        here = joined + [
            pattern for one in group.elements if isinstance(one, Bgp) for pattern in one.patterns
        ]
        unions = [one for one in group.elements if isinstance(one, Union)]
        for alternative in (group for one in unions for group in one.groups):
            visit(alternative, here)
        for one in group.elements:
            if isinstance(one, Select):
                visit(one.where, [])
        if here and not unions:
            found.append(here)

    visit(select.where, [])
    return found
