"""Joining a rule's body row by row, by look-ups of single pairs: for changes of a few rows.

`joins` does the same for many rows at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from .joins import Pattern, Solutions
from .layered_tables import State
from .tables import CLASS

_MOST = 64
_LOW = 0xFFFFFFFF

Known = dict[str, int]


class TooMany(Exception):
    """Look-ups that would yield more than a few rows."""


def solve_few(
    body: Sequence[Pattern], state: State, wanted: Sequence[str], starts: Iterable[Known], left: Sequence[int]
) -> Solutions | None:
    """The solutions of the atoms of a body with the numbers `left`, from what is known in each start.

    None where they need more than a few rows of a table.
    """
    others = [body[number] for number in left]
    try:
        rows = [
            tuple(known[one] for one in wanted) for start in starts for known in _walk(others, state, start)
        ]
    except TooMany:
        return None
    columns = np.array(rows, np.uint32).reshape(len(rows), len(wanted)).T
    return Solutions(dict(zip(wanted, columns, strict=True)), len(rows))


def starts_of(one: Pattern, rows: NDArray) -> Iterator[Known]:
    """What each of the rows tells of an atom's variables, where it fits."""
    for row in rows.tolist():
        known: Known = {}
        ends = (
            ((one.subject, row),)
            if one.key >= CLASS
            else ((one.subject, row >> 32), (one.object, row & _LOW))
        )
        if all(_fits(term, value, known) for term, value in ends):
            yield known


def _fits(term: str | int | None, value: int, known: Known) -> bool:
    if isinstance(term, str):
        return known.setdefault(term, value) == value
    return term == value


def _walk(todo: Sequence[Pattern], state: State, known: Known) -> Iterator[Known]:
    if not todo:
        yield known
        return
    best, fewest, is_known = 0, _MOST + 1, False
    for number, one in enumerate(todo):
        subject, value = _value(one.subject, known), _value(one.object, known)
        is_known = subject is not None and (value is not None or one.key >= CLASS)
        count = 0 if is_known else _fanout(one.key, subject, value, state)
        if count < fewest:
            best, fewest = number, count
            if not count:
                break
    if fewest > _MOST:
        raise TooMany
    one = todo[best]
    rest = (*todo[:best], *todo[best + 1 :])
    subject, value = _value(one.subject, known), _value(one.object, known)
    if subject is None:
        if value is None:
            for fresh in starts_of(one, state[one.key].rows):
                yield from _walk(rest, state, {**known, **fresh})
            return
        for head in state.stack(one.key).heads_of(value):
            yield from _walk(rest, state, {**known, str(one.subject): head})
    elif one.key >= CLASS:
        if state.has_member(one.key, subject):
            yield from _walk(rest, state, known)
    elif value is None:
        for tail in state.stack(one.key).tails_of(subject):
            yield from _walk(rest, state, {**known, str(one.object): tail})
    elif state.stack(one.key).has(subject << 32 | value):
        yield from _walk(rest, state, known)


def _value(term: str | int | None, known: Known) -> int | None:
    return known.get(term) if isinstance(term, str) else term


def _fanout(key: int, subject: int | None, value: int | None, state: State) -> int:
    """About how many rows of a table fit."""
    if key >= CLASS:
        return state.size_of_class(key)
    stack = state.stack(key)
    if subject is not None:
        return stack.degree(subject, inverse=False)
    return len(stack) if value is None else stack.degree(value, inverse=True)
