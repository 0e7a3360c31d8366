"""Geometry of a module's overview: its classes as a tree, its object properties as lanes to their ranges. No I/O.

Each property has a lane of its own for its label, so that no two labels can meet; what crosses are bare lines.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from .charts import fitted

ANYTHING = ""
_ROW, _BOX = 30.0, 22.0
_INDENT, _TREE = 18.0, 250.0
_LABELS, _TURN = 262.0, 500.0
_RIGHT, _WIDTH = 720.0, 960.0


@dataclass(frozen=True)
class Outline:
    """What is drawn of a module, by IRIs: its classes, (class, class above), (property, domain, range).

    A domain or range that nobody states is ANYTHING.
    """

    classes: tuple[str, ...]
    above: tuple[tuple[str, str], ...]
    properties: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Box:
    """A class: its place, its name as far as it fits and in full, whether the module defines it."""

    iri: str
    text: str
    full_text: str
    x: float
    y: float
    width: float
    own: bool


@dataclass(frozen=True)
class Lane:
    """A property: its label's place, the SVG path of its line, and who it leads from and to in words."""

    iri: str
    text: str
    full_text: str
    x: float
    y: float
    path: str


@dataclass(frozen=True)
class Diagram:
    """A drawing: the tree (left), lanes, the ranges (right), the SVG paths of steps down the tree; all in words."""

    width: float
    height: float
    box: float
    tree: tuple[Box, ...]
    ranges: tuple[Box, ...]
    lanes: tuple[Lane, ...]
    steps: tuple[str, ...]
    told: tuple[str, ...]


def drawn(outline: Outline, name: Callable[[str], str]) -> Diagram | None:
    """The drawing of a module, with what `name` calls a class or property; None where there is nothing to draw.

    >>> shop = Outline(("u:A", "u:B"), (("u:B", "u:A"),), (("u:p", "u:B", "u:A"),))
    >>> found = drawn(shop, lambda iri: iri[2:])
    >>> [box.text for box in found.tree], [box.text for box in found.ranges], found.told
    (['A', 'B'], ['A'], ('B ⊂ A', 'B – p → A'))
    """
    if not outline.classes and not outline.properties:
        return None
    leaving: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for property, domain, range in sorted(outline.properties, key=lambda one: (name(one[2]), name(one[0]))):
        leaving[domain].append((property, range))
    own = set(outline.classes)
    placed = list(_walked({*own, *leaving}, outline.above, name))
    tree, begins = [], {}
    y = _ROW / 2 + 4
    places: list[tuple[str, str, str, float]] = []
    for iri, depth in placed:
        x = 8 + depth * _INDENT
        tree.append(_box(iri, name, x, y, _TREE - x, iri in own))
        begins[iri] = x, y
        places += [(property, iri, to, y + row * _ROW) for row, (property, to) in enumerate(leaving[iri])]
        y += max(1, len(leaving[iri])) * _ROW
    arrivals = _spread(places, y)
    lanes = tuple(_lane(place, begins[place[1]][1], arrivals[place[2]], name) for place in places)
    parents = _parents(outline.above)
    steps = tuple(
        f"M{begins[up][0] + 9} {begins[up][1] + _BOX / 2} V{begins[low][1]} H{begins[low][0]}"
        for low, up in parents.items()
        if low in begins and up in begins
    )
    ranges = tuple(
        _box(iri, name, _RIGHT, at, _WIDTH - _RIGHT - 8, iri in own) for iri, at in arrivals.items()
    )
    told = (
        *(f"{name(low)} ⊂ {name(up)}" for low, up in parents.items() if low in begins and up in begins),
        *(lane.full_text for lane in lanes),
    )
    width = _WIDTH if lanes else _TREE + 8
    return Diagram(width, y, _BOX, tuple(tree), ranges, lanes, steps, told)


def _parents(above: Iterable[tuple[str, str]]) -> dict[str, str]:
    """One class above for each: the tree has one line upwards, and none that leads in a circle."""
    found: dict[str, str] = {}
    for low, up in sorted(above):
        higher: str | None = up
        while higher is not None and higher != low:
            higher = found.get(higher)
        if higher is None:
            found.setdefault(low, up)
    return found


def _walked(
    classes: Iterable[str], above: Sequence[tuple[str, str]], name: Callable[[str], str]
) -> Iterable[tuple[str, int]]:
    """The classes and those above them from top to bottom, each with its depth in the tree."""
    parents = _parents(above)
    below: dict[str, list[str]] = defaultdict(list)
    for low, up in parents.items():
        below[up].append(low)
    roots = {one for one in (*classes, *parents.values()) if one not in parents}
    pending = [(one, 0) for one in sorted(roots, key=lambda one: (one == ANYTHING, name(one)), reverse=True)]
    while pending:
        iri, depth = pending.pop()
        yield iri, depth
        pending += [(one, depth + 1) for one in sorted(below[iri], key=name, reverse=True)]


def _spread(places: Sequence[tuple[str, str, str, float]], height: float) -> Mapping[str, float]:
    """Where each range stands: as near as can be to the lanes that lead to it, none upon another."""
    wanted: dict[str, list[float]] = defaultdict(list)
    for _, _, to, y in places:
        wanted[to].append(y)
    order = sorted(wanted, key=lambda one: (sum(wanted[one]) / len(wanted[one]), one))
    found: dict[str, float] = {}
    last = 0.0
    for one in order:
        last = found[one] = round(max(sum(wanted[one]) / len(wanted[one]), last + _ROW), 1)
    limit = height - _ROW / 2
    for one in reversed(order):
        limit = found[one] = round(min(found[one], limit), 1)
        limit -= _ROW
    return found


def _box(iri: str, name: Callable[[str], str], x: float, y: float, width: float, own: bool) -> Box:
    return Box(iri, fitted(name(iri), width - 16), name(iri), x, y, width, own)


def _lane(
    place: tuple[str, str, str, float], begin: float, arrival: float, name: Callable[[str], str]
) -> Lane:
    property, domain, to, y = place
    middle = (_TURN + _RIGHT) / 2
    path = f"M{_TREE} {begin} V{y} H{_TURN} C{middle} {y} {middle} {arrival} {_RIGHT - 8} {arrival}"
    told = f"{name(domain)} – {name(property)} → {name(to)}"
    return Lane(property, fitted(name(property), _TURN - _LABELS), told, _LABELS, y - 5, path)
