"""The gate: what a commit would make of the graph is judged by the shapes before anything is written.

Nodes with a Violation that the commit touches go into quarantine with their quads and the report; the rest is
judged again, until it conforms: an offer whose product is in quarantine can't stay either.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pyoxigraph as ox

from .columns.image import Image
from .columns.kernels import NO_PAIRS, Pairs, contains, distinct, heads, unite
from .columns.rows import Rows
from .errors import GateRefused
from .store import Staging
from .terms import RDFS
from .validation import (
    Delta,
    Foci,
    Policy,
    Result,
    ShapesGraph,
    ValidationData,
    ValidationReport,
    View,
    affected,
    validate,
)

_ROUNDS = 12
_BY_SEVERITY = Policy()
Store = ox.Store | Callable[[], ox.Store]


@dataclass(frozen=True)
class Verdict:
    """What the gate let through and what it held back.

    A node at fault stays as it was before: its new rows are `quarantined`, its old ones are `spared`, not `removed`.
    `report` is the first judgement of the whole commit; `left` counts faults of nodes that the commit did
    not write and that therefore can't be quarantined.
    """

    added: Rows
    removed: Rows
    quarantined: Rows
    spared: Rows
    nodes: tuple[str, ...]
    report: ValidationReport
    left: int


def judge(
    staging: Staging,
    base: Image,
    shapes: ShapesGraph,
    *,
    added: Rows,
    removed: Rows,
    strict: bool = False,
    policy: Policy = _BY_SEVERITY,
) -> Verdict:
    """Judge a patch of the image `base`; the asserted store of `staging` may be brought along.

    Raises GateRefused: with `strict` for any fault, for what `policy` refuses, and when what remains still does
    not conform.
    """
    quarantined, all_spared = Rows(), Rows()
    first: ValidationReport | None = None
    held: list[np.ndarray] = []
    kept, gone = added, removed
    for _ in range(_ROUNDS):
        image = base.changed(added=kept, removed=gone)
        focus = touched(shapes, image, added=kept, removed=base.as_received(gone))
        report = judged(shapes, image, partial(staging.with_asserted, image), focus=focus)
        first = report if first is None else first
        faults = policy.select(report, "quarantine", "refuse")
        _refuse(policy, report, faults, strict=strict)
        offenders = _ids(image, faults)
        taken, spared = rows_about(kept, offenders), rows_about(gone, offenders)
        if not len(taken) and not len(spared):
            nodes = distinct(np.concatenate(held)) if held else np.empty(0, np.uint32)
            names = tuple(image.dictionary.decode(nodes).to_pylist())
            return Verdict(kept, gone, quarantined, all_spared, names, first, len(faults))
        held += [heads(pairs) for rows in (taken, spared) for _, _, pairs in rows]
        kept, gone, quarantined = kept.minus(taken), gone.minus(spared), quarantined.plus(taken)
        all_spared = all_spared.plus(spared)
    raise GateRefused(
        f"After {_ROUNDS} rounds of quarantine the rest still does not conform",
        where=_example(faults),
        hint="see the report with kb validate FILE",
        report=first,
    )


def _refuse(policy: Policy, report: ValidationReport, faults: Sequence[Result], *, strict: bool) -> None:
    """Raise GateRefused for what may not go in at all."""
    if strict and faults:
        raise GateRefused(
            f"{len(faults)} violations, and strict loading was asked for",
            where=_example(faults),
            hint="mend the data, or load without --strict to quarantine the nodes at fault",
            report=report,
        )
    refused = policy.select(report, "refuse")
    if refused:
        raise GateRefused(
            f"{len(refused)} results that the store's settings refuse (gate in kb.toml)",
            where=f"{refused[0].rule}: {_example(refused)}",
            hint="mend the data",
            report=report,
        )


def judged(shapes: ShapesGraph, image: Image, store: Store, *, focus: Foci | None = None) -> ValidationReport:
    """Judge all that is asserted, or `focus` of it: terms as received, the ontology for classes.

    Shapes in SPARQL run on `store`, which holds `image` when it is asked for.
    """
    if focus is None:
        return validate(shapes, data_of(image, shapes, store, whole=True))
    parts: Foci = {node: nodes for node, nodes in focus.items() if nodes is not None}
    report = validate(shapes, data_of(image, shapes, store), focus=parts)
    if len(parts) < len(focus):
        wholes: Foci = dict.fromkeys(focus.keys() - parts.keys())
        others = validate(shapes, data_of(image, shapes, store, whole=True), focus=wholes)
        unchecked = dict.fromkeys((*report.unchecked, *others.unchecked))
        report = replace(report, results=(*report.results, *others.results), unchecked=tuple(unchecked))
    return report


def touched(shapes: ShapesGraph, image: Image, *, added: Rows, removed: Rows) -> Foci:
    """The focus nodes that a change can affect; rows as received, `image` is what they make."""
    delta = Delta.of(image.dictionary, added=_by_predicate(added), removed=_by_predicate(removed))
    return affected(shapes.plan, data_of(image, shapes), delta)


def data_of(
    image: Image, shapes: ShapesGraph, store: Store | None = None, *, whole: bool = False
) -> ValidationData:
    """An image as shapes see it: all of it at hand where it is judged as a `whole`, else looked up."""
    dictionary, asserted = image.dictionary, (image.asserted_public, image.asserted_private)
    parts = (image.ontology, *asserted)
    known = shapes.plan.ids(dictionary)
    data = ValidationData(
        dictionary,
        View(asserted, dictionary, whole=whole),
        store,
        image.ontology,
        stored=View(parts, dictionary, received=False, whole=whole),
        known=known,
        table=None if whole else shapes.plan.values(dictionary),
    )
    subclasses = [part.get_relation(data.id(RDFS.subClassOf)) for part in parts]
    return replace(data, classes=shapes.plan.classes(subclasses))


def _by_predicate(rows: Rows) -> dict[int, Pairs]:
    found: dict[int, Pairs] = {}
    for _, predicate, pairs in rows:
        found[predicate] = unite(found.get(predicate, NO_PAIRS), pairs)
    return found


def rows_about(rows: Rows, nodes: np.ndarray) -> Rows:
    """The rows whose subject is among `nodes` (sorted ids)."""
    return Rows({key: pairs[contains(nodes, heads(pairs))] for key, pairs in rows.pairs.items()})


def _ids(image: Image, faults: Sequence[Result]) -> np.ndarray:
    texts = list(dict.fromkeys(str(one.focus) for one in faults))
    return distinct(image.dictionary.find(texts)) if texts else np.empty(0, np.uint32)


def _example(faults: Sequence[Result]) -> str:
    return f"{faults[0].focus}: {faults[0].text()}" if faults else ""
