"""The gate: what a commit would make of the graph is judged by the shapes before anything is written.

Nodes with a Violation that the commit touches go into quarantine with their quads and the report; the rest is
judged again, until it conforms: an offer whose product is in quarantine can't stay either.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyoxigraph as ox

from .columns.image import Image
from .columns.kernels import Ids, contains, distinct, heads, reach, tails, unite
from .columns.rows import Rows
from .errors import GateRefused
from .store import Staging, oxigraph
from .terms import RDF, RDFS, SH
from .validation import Changed, ShapesGraph, ValidationData, ValidationReport, affected, validate

_ROUNDS = 12
# A patch this many times smaller than the graph is judged on disk: a copy in memory would cost more.
_SMALL = 20


@dataclass(frozen=True)
class Verdict:
    """What the gate let through and what it held back.

    A node at fault stays as it was before: its new rows are `quarantined`, its old ones are not `removed`.
    `report` is the first judgement of the whole commit; `left` counts violations of nodes that the commit did
    not write and that therefore can't be quarantined.
    """

    added: Rows
    removed: Rows
    quarantined: Rows
    nodes: tuple[str, ...]
    report: ValidationReport
    left: int


def judge(
    staging: Staging, base: Image, shapes: ShapesGraph, *, added: Rows, removed: Rows, strict: bool = False
) -> Verdict:
    """Judge a patch of the image `base`; the asserted store of `staging` may be brought along.

    Raises GateRefused: with `strict` for any violation, else when what remains still does not conform.
    """
    quarantined = Rows()
    first: ValidationReport | None = None
    held: list[np.ndarray] = []
    kept, gone = added, removed
    for _ in range(_ROUNDS):
        image = base.changed(added=kept, removed=gone)
        few = _SMALL * (len(kept) + len(gone)) < base.asserted_public.size + base.asserted_private.size
        store = staging.with_asserted(image) if few else None
        report = judged(affected(shapes, _changed(image, kept, gone)), image, store)
        first = report if first is None else first
        offenders = _ids(image, report)
        violations = report.count("Violation")
        if strict and violations:
            raise GateRefused(
                f"{violations} violations, and strict loading was asked for",
                where=_example(report),
                hint="mend the data, or load without --strict to quarantine the nodes at fault",
                report=report,
            )
        taken, spared = rows_about(kept, offenders), rows_about(gone, offenders)
        if not len(taken) and not len(spared):
            nodes = distinct(np.concatenate(held)) if held else np.empty(0, np.uint32)
            names = tuple(image.dictionary.decode(nodes).to_pylist())
            return Verdict(kept, gone, quarantined, names, first, violations)
        held += [heads(pairs) for rows in (taken, spared) for _, _, pairs in rows]
        kept, gone, quarantined = kept.minus(taken), gone.minus(spared), quarantined.plus(taken)
    raise GateRefused(
        f"After {_ROUNDS} rounds of quarantine the rest still does not conform",
        where=_example(report),
        hint="see the report with kb validate FILE",
        report=first,
    )


def judged(shapes: ShapesGraph, image: Image, store: ox.Store | None = None) -> ValidationReport:
    """Judge all that is asserted: terms as received, the ontology for classes.

    Shapes in SPARQL run on `store`, else on a copy in memory, where look-ups are several times faster.
    """
    asserted = image.view(private=True, inferred=False)
    store = store or oxigraph.in_memory(_merged(image))
    received = asserted.as_received(image.dictionary.stored)
    return validate(shapes, ValidationData(image.dictionary, received, store, image.ontology))


def _changed(image: Image, added: Rows, removed: Rows) -> Changed:
    """The predicates and classes of changed rows."""
    kind = image.dictionary.id(str(RDF.type))
    keys = {predicate for rows in (added, removed) for _, predicate, _ in rows}
    classes = [tails(pairs) for rows in (added, removed) for _, key, pairs in rows if key == kind]
    named = np.concatenate([*classes, np.empty(0, np.uint32)])
    above = _with_superclasses(image, distinct(named))
    decode = image.dictionary.text
    return Changed(
        frozenset(decode(key)[1:-1] for key in keys if key != kind),
        frozenset(decode(key)[1:-1] for key in above),
    )


def _with_superclasses(image: Image, classes: Ids) -> Ids:
    hierarchy = image.dictionary.id(str(RDFS.subClassOf))
    return unite(classes, distinct(tails(reach(image.open_pairs(hierarchy), classes))))


def _merged(image: Image) -> Iterator[pa.RecordBatch]:
    pairs = {(0, key): image.open_pairs(key, inferred=False) for key in image.open_predicates}
    return Rows(pairs).batches(image.dictionary)


def rows_about(rows: Rows, nodes: np.ndarray) -> Rows:
    """The rows whose subject is among `nodes` (sorted ids)."""
    return Rows({key: pairs[contains(nodes, heads(pairs))] for key, pairs in rows.pairs.items()})


def _ids(image: Image, report: ValidationReport) -> np.ndarray:
    texts = [str(node) for node in report.focus_nodes("Violation")]
    return distinct(image.dictionary.find(texts)) if texts else np.empty(0, np.uint32)


def _example(report: ValidationReport) -> str:
    first = next((one for one in report.results if one.severity == SH.Violation), None)
    return f"{first.focus}: {first.text()}" if first else ""
