"""What the gate does about contradictions: a commit that brings new ones is refused, or held back in part."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyoxigraph as ox

from . import gate, graphs
from .columns.image import Image
from .columns.kernels import distinct, heads, pack, tails
from .columns.relations import Relations
from .errors import GateRefused
from .pipeline import Inference, Judged, Model, Patch, Wish, infer, left, recorded, rules_of
from .reasoning import Account, Contradiction, account
from .settings import Settings
from .store import Staging
from .terms import PREFIXES, RDF
from .validation import Result, ValidationReport

_ROUNDS = 12
_MOST_TOLD = 5
_RULES = "http://www.w3.org/TR/owl2-profiles/#"
_VIOLATION = ox.NamedNode(f"{PREFIXES['sh']}Violation")


@dataclass(frozen=True)
class ContradictionReport:
    """Contradictions, those of a store or those that a commit would bring: how many, and the accounts of the first."""

    count: int
    accounts: tuple[Account, ...]

    def __str__(self) -> str:
        more = self.count - len(self.accounts)
        return "\n".join([*map(str, self.accounts), *([f"and {more:,} more"] if more else [])])

    def to_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return {"count": self.count, "contradictions": [one.to_dict() for one in self.accounts]}


def report_of(
    inference: Inference, *, private: graphs.Private = True, accounts: int | None = None
) -> ContradictionReport:
    """What can't all be true of the facts that a reader sees; so many of it in full, None for all."""
    image = inference.image
    view = image.view(private=private, inferred=True).united(image.ontology)
    asserted = image.view(private=private, inferred=False).united(image.ontology)
    # The note has what private facts bring about too.
    found = [one for one in inference.found if all(_holds(view, fact) for fact in one.facts)]
    told = (
        account(inference.rules, view, asserted, one, dictionary=image.dictionary) for one in found[:accounts]
    )
    return ContradictionReport(len(found), tuple(told))


def accounts_of(inference: Inference, found: Iterable[Contradiction]) -> tuple[Account, ...]:
    """Contradictions in full."""
    image = inference.image
    view = image.view(private=True, inferred=True).united(image.ontology)
    asserted = image.view(private=True, inferred=False).united(image.ontology)
    return tuple(account(inference.rules, view, asserted, one, dictionary=image.dictionary) for one in found)


def consistent(
    staging: Staging,
    image: Image,
    wish: Wish,
    judged: Judged,
    model: Model,
    settings: Settings,
    before: Inference | None,
) -> Judged:
    """A judged change of `image`, without what brings contradictions that were not there before.

    The nodes whose new rows take part in one go to quarantine, and what remains is judged anew. Raises GateRefused
    where the settings, or a strict wish, ask for that, and where no rows of the commit can be held back.
    """
    start = before or left(staging, model.rules)
    past = start or infer(image, model.rules, reasoning=settings.reasoning)
    same = not Model.is_read_from(judged.commit.graphs.split())
    rules = model.rules if same else rules_of(judged.image, reasoning=settings.reasoning)
    for _ in range(_ROUNDS):
        inference = infer(judged.image, rules, reasoning=settings.reasoning, before=start)
        fresh = _fresh(past, inference, same_rules=same)
        if not fresh:
            return replace(judged, inference=inference if same else None)
        if wish.strict or settings.contradictions == "refuse":
            break
        held = _held(inference, fresh, judged.rows)
        if not held:
            break
        judged = _without(staging, image, wish, judged, model, held)
    report = ContradictionReport(len(fresh), accounts_of(inference, fresh[:_MOST_TOLD]))
    raise GateRefused(
        f"{len(fresh):,} contradictions that were not there before (contradictions in kb.toml)",
        where=str(report),
        hint="mend the data"
        if same
        else "mend the axioms; kb ontology check --edit tells what an edit means",
        report=report,
    )


def _fresh(past: Inference, now: Inference, *, same_rules: bool) -> list[Contradiction]:
    """Contradictions that were not there; equal individuals may be told by other names than before."""
    known = set(past.found)
    found = [one for one in now.found if one not in known]
    if not found or not same_rules:
        return found
    view = past.image.view(private=True, inferred=True).united(past.image.ontology)
    return [one for one in found if not all(_holds(view, fact) for fact in one.facts)]


def _holds(view: Relations, fact: tuple[int, int, int]) -> bool:
    subject, predicate, value = fact
    return bool(view.hold(predicate, pack(np.array([subject]), np.array([value])))[0])


def _held(
    inference: Inference, fresh: Sequence[Contradiction], rows: Patch
) -> dict[str, tuple[Account, ...]]:
    """The nodes (N-Triples syntax) whose new rows the contradictions rest on, each with their accounts."""
    dictionary = inference.image.dictionary
    held: dict[str, tuple[Account, ...]] = {}
    for one in accounts_of(inference, fresh):
        for leaf in dict.fromkeys(leaf for side in one.sides for leaf in side.leaves()):
            subject, predicate, value = map(int, dictionary.find([str(term) for term in leaf]))
            for _, key, pairs in rows.added:
                said = (
                    tails(pairs[heads(pairs) == subject]) if key == predicate else pairs[:0].astype(np.uint32)
                )
                if value in dictionary.stored_of(said):
                    name = str(leaf[0])
                    held[name] = tuple(dict.fromkeys((*held.get(name, ()), one)))
    return held


def _without(
    staging: Staging,
    image: Image,
    wish: Wish,
    judged: Judged,
    model: Model,
    held: dict[str, tuple[Account, ...]],
) -> Judged:
    """The change without some nodes, judged anew by the shapes; they are in its verdict with the reasons."""
    nodes = distinct(image.dictionary.find(list(held)))
    rows, earlier = judged.rows, judged.verdict
    taken, spared = gate.rows_about(rows.added, nodes), gate.rows_about(rows.removed, nodes)
    rest = Patch(rows.added.minus(taken), rows.removed.minus(spared))
    again: gate.Verdict | None = None
    if model.shapes.shapes:
        again = gate.judge(
            staging, image, model.shapes, added=rest.added, removed=rest.removed, policy=model.policy
        )
        rest = Patch(again.added, again.removed)
    names = tuple(held)
    for verdict in (earlier, again):
        if verdict is not None:
            names += verdict.nodes
            taken, spared = taken.plus(verdict.quarantined), spared.plus(verdict.spared)
    report = earlier.report if earlier else ValidationReport(())
    results = tuple(_result(name, one) for name, accounts in held.items() for one in accounts)
    left_over = again.report.results if again and again.nodes else ()
    report = replace(report, results=(*report.results, *results, *left_over))
    verdict = gate.Verdict(
        rest.added,
        rest.removed,
        taken,
        spared,
        tuple(dict.fromkeys(names)),
        report,
        again.left if again else 0,
    )
    return recorded(image, wish, rest, verdict)


def _result(node: str, told: Account) -> Result:
    """A contradiction as people find it in a report, beside what the shapes say."""
    focus = next(iter(ox.parse(f"{node} <{RDF.type.value}> {node} .", format=ox.RdfFormat.N_TRIPLES))).subject
    rule = ox.NamedNode(_RULES + told.rule.split(", ")[0])
    return Result(
        focus, None, None, rule, rule, told.rule, _VIOLATION, {"en": told.sentence}, None, focus, rule
    )
