"""The gate: what a commit would make of the graph is judged by the shapes before anything is written.

Nodes with a Violation that the commit touches go into quarantine with their quads and the report; the rest is
judged again, until it conforms: an offer whose product is in quarantine can't stay either.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyoxigraph as ox

from .columns.image import Image
from .columns.kernels import contains, distinct, heads
from .columns.rows import Rows
from .errors import GateRefused
from .store import Staging
from .terms import SH
from .validation import ShapesGraph, ValidationData, ValidationReport, validate

_ROUNDS = 12


@dataclass(frozen=True)
class Verdict:
    """What the gate let through and what it held back.

    `report` is the first judgement of the whole commit; `left` counts violations of nodes that the commit did
    not write and that therefore can't be quarantined.
    """

    image: Image
    added: Rows
    quarantined: Rows
    nodes: tuple[str, ...]
    report: ValidationReport
    left: int
    rounds: int


def judge(
    staging: Staging, shapes: ShapesGraph, *, added: Rows, removed: Rows, strict: bool = False
) -> Verdict:
    """Judge a patch on a staging folder; its asserted store then holds what was let through.

    Raises GateRefused: with `strict` for any violation, else when what remains still does not conform.
    """
    base = staging.image
    quarantined = Rows()
    first: ValidationReport | None = None
    held: list[np.ndarray] = []
    kept = added
    for number in range(1, _ROUNDS + 1):
        image = base.changed(added=kept, removed=removed)
        staging.assert_image(image)
        report = validate(shapes, data_of(image, staging.asserted))
        first = report if first is None else first
        offenders = _ids(image, report)
        violations = report.count("Violation")
        if strict and violations:
            raise GateRefused(
                f"{violations} violations, and strict loading was asked for",
                where=_example(report),
                hint="mend the data, or load without --strict to quarantine the nodes at fault",
            )
        taken = rows_about(kept, offenders)
        if not len(taken):
            nodes = distinct(np.concatenate(held)) if held else np.empty(0, np.uint32)
            names = tuple(image.dictionary.decode(nodes).to_pylist())
            return Verdict(image, kept, quarantined, names, first, violations, number)
        held.append(offenders)
        kept, quarantined = kept.minus(taken), quarantined.plus(taken)
    raise GateRefused(
        f"After {_ROUNDS} rounds of quarantine the rest still does not conform",
        where=_example(report),
        hint="see the report with kb validate FILE",
    )


def data_of(image: Image, store: ox.Store) -> ValidationData:
    """The asserted graph as validation reads it: terms as received, the ontology for classes, SPARQL on `store`."""
    asserted = image.view(private=True, inferred=False).as_received(image.dictionary.stored)
    return ValidationData(image.dictionary, asserted, store, image.ontology)


def rows_about(rows: Rows, nodes: np.ndarray) -> Rows:
    """The rows whose subject is among `nodes` (sorted ids)."""
    return Rows({key: pairs[contains(nodes, heads(pairs))] for key, pairs in rows.pairs.items()})


def _ids(image: Image, report: ValidationReport) -> np.ndarray:
    texts = [str(node) for node in report.focus_nodes("Violation")]
    return distinct(image.dictionary.find(texts)) if texts else np.empty(0, np.uint32)


def _example(report: ValidationReport) -> str:
    first = next((one for one in report.results if one.severity == SH.Violation), None)
    return f"{first.focus}: {first.text()}" if first else ""
