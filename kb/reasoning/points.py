"""Joining a rule's body row by row, by look-ups of single pairs: for changes of a few rows.

`joins` does the same for many rows at once.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from .joins import Pattern, Solutions
from .layered_tables import State
from .rules import Term
from .tables import CLASS

_MOST = 64
_LOW = 0xFFFFFFFF

Known = list[int]
"""The id of each variable and constant of a walk, by its place; 0 where it is not known yet."""

Step = tuple[int, int, int]
"""The key of an atom's table, and the places of its subject and object; -1 for a class, which has no object."""


class TooMany(Exception):
    """Look-ups that would yield more than a few rows."""


class Walk:
    """A body, and the `ends` of a head, with a place for each variable and constant: made once for a rule."""

    def __init__(self, body: Sequence[Pattern], ends: Iterable[Term | None] = ()) -> None:
        self._places: dict[Term, int] = {}
        self.steps: tuple[Step, ...] = tuple(
            (one.key, self._place(one.subject), -1 if one.object is None else self._place(one.object))
            for one in body
        )
        self.ends = tuple(self._place(one) for one in ends if one is not None)
        self._begin: Known = [one if isinstance(one, int) else 0 for one in self._places]
        self._others = [self.steps[:n] + self.steps[n + 1 :] for n in range(len(self.steps))]

    def _place(self, term: Term) -> int:
        return self._places.setdefault(term, len(self._places))

    def places_of(self, names: Iterable[str]) -> list[int]:
        """Where the values of variables are."""
        return [self._places[name] for name in names]

    def from_row(self, number: int, row: int, state: State, found: list[Known]) -> None:
        """Add the solutions that have a row in the atom with this number. Raises TooMany."""
        key, subject, value = self.steps[number]
        known = self._begin.copy()
        if _fits(known, subject, row if key >= CLASS else row >> 32) and (
            key >= CLASS or _fits(known, value, row & _LOW)
        ):
            _walk(self._others[number], state, known, found, sys.maxsize)

    def from_values(
        self, values: Mapping[str, int], state: State, found: list[Known], most: int = sys.maxsize
    ) -> None:
        """Add the solutions with these values of variables, until there are so many. Raises TooMany."""
        known = self._begin.copy()
        for name, value in values.items():
            known[self._places[name]] = value
        _walk(self.steps, state, known, found, most)

    def yields(self, ends: Sequence[int], state: State) -> bool:
        """Whether any solution has these values at the ends. Raises TooMany."""
        known, found = self._begin.copy(), list[Known]()
        fits = all(_fits(known, place, value) for place, value in zip(self.ends, ends, strict=True))
        return fits and _walk(self.steps, state, known, found, 1)


def solutions(walk: Walk, found: Sequence[Known], names: Sequence[str]) -> Solutions:
    """What was found, as columns."""
    places = walk.places_of(names)
    columns = {
        name: np.array([one[place] for one in found], np.uint32)
        for name, place in zip(names, places, strict=True)
    }
    return Solutions(columns, len(found))


def _fits(known: Known, place: int, value: int) -> bool:
    if not known[place]:
        known[place] = value
        return True
    return known[place] == value


def _walk(todo: Sequence[Step], state: State, known: Known, found: list[Known], most: int) -> bool:
    """Whether to stop, for so many solutions are enough."""
    rest = []
    for step in todo:
        key, subject, value = step
        head, tail = known[subject], 1 if value < 0 else known[value]
        if not (head and tail):
            rest.append(step)
        elif value < 0:
            if not state.has_member(key, head):
                return False
        elif not state.stack(key).has(head << 32 | tail):
            return False
    if not rest:
        found.append(known.copy())
        return len(found) >= most
    if len(rest) == 1:
        step, rest = rest[0], []
    else:
        counts = [_fanout(step, known, state) for step in rest]
        step = rest.pop(counts.index(min(counts)))
    key, subject, value = step
    if value < 0:
        place, values = subject, state.members_of(key, _MOST)
    elif known[subject]:
        place, values = value, state.stack(key).tails_of(known[subject], _MOST)
    elif known[value]:
        place, values = subject, state.stack(key).heads_of(known[value], _MOST)
    else:
        return _each_row(step, rest, state, known, found, most)
    if values is None:
        raise TooMany
    for one in values:
        known[place] = one
        if _walk(rest, state, known, found, most):
            return True
    known[place] = 0
    return False


def _each_row(
    step: Step, rest: Sequence[Step], state: State, known: Known, found: list[Known], most: int
) -> bool:
    key, subject, value = step
    if len(state.stack(key)) > _MOST:
        raise TooMany
    for row in state.stack(key).pairs.tolist():
        known[subject], known[value] = row >> 32, row & _LOW
        if (subject != value or row >> 32 == row & _LOW) and _walk(rest, state, known, found, most):
            return True
    known[subject] = known[value] = 0
    return False


def _fanout(step: Step, known: Known, state: State) -> int:
    """About how many rows of a table fit, counted to the most."""
    key, subject, value = step
    if key >= CLASS:
        return state.size_of_class(key, _MOST)
    stack, head = state.stack(key), known[subject]
    if head:
        return stack.degree(head, inverse=False, most=_MOST)
    tail = known[value]
    return stack.degree(tail, inverse=True, most=_MOST) if tail else len(stack)
