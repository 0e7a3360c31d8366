"""The five moments: what was held back, what was inferred, what rises, who drifted, what was undone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pyoxigraph as ox

from ... import KnowledgeBase, Solutions

_BAR = 40


@dataclass(frozen=True)
class Moment:
    """One stop of the walk: a title, what is to be seen, and the command that shows it."""

    title: str
    text: str
    command: str


def moments(knowledge: KnowledgeBase) -> Iterator[Moment]:
    """The walk through a prepared store."""
    for moment in (_quarantine, _family, _riser, _drift, _undo):
        yield moment(knowledge)


def _quarantine(knowledge: KnowledgeBase) -> Moment:
    entry = next(one for one in knowledge.quarantine() if one.source == "merchant-feed")
    node = entry.nodes[0]
    return Moment(
        "A faulty offer did not get in",
        f"{node.strip('<>').rsplit('/', 1)[1]} is in quarantine: {entry.reasons(node)[0]}",
        "kb quarantine",
    )


def _family(knowledge: KnowledgeBase) -> Moment:
    row = _rows(knowledge, "family")[0]
    proof = knowledge.explain(row["sku"], "ckb:ofBrandFamily", row["top"])
    return Moment(
        f"Nobody said that {row['label'].value} is of the family of {row['top_label'].value}; here is why it is",
        str(proof),
        f"kb explain {row['sku'].value} ckb:ofBrandFamily {row['top'].value}",
    )


def _riser(knowledge: KnowledgeBase) -> Moment:
    row = _answer(knowledge, "C02")
    weeks = _rows(knowledge, "units", spu=row["spu"])[::-1]
    sold = [float(one["sold"].value) for one in weeks]
    most = max(sold)
    bars = "\n".join(
        f"{week['week'].value}  {'█' * round(_BAR * units / most):{_BAR}}  {units:,.0f}"
        for week, units in zip(weeks, sold, strict=True)
    )
    return Moment(f"The month's top riser: {row['label'].value}", bars, "kb query C02")


def _drift(knowledge: KnowledgeBase) -> Moment:
    row = _answer(knowledge, "K03")
    return Moment(
        "An influencer whose niche drifted",
        f"{row['label'].value} declares {row['declared'].value}, but {row['contents'].value} of "
        f"{row['of_contents'].value} contents show {row['shown'].value}",
        "kb query K03",
    )


def _undo(knowledge: KnowledgeBase) -> Moment:
    revert = next(one for one in reversed(knowledge.log()) if one.message.startswith("revert"))
    return Moment(
        "A commit was undone",
        f"#{revert.number} {revert.message}: {revert.removed} quads went, with all that had followed from them",
        "kb log",
    )


def _rows(knowledge: KnowledgeBase, name: str, **parameters: ox.NamedNode) -> list[ox.QuerySolution]:
    text = (Path(__file__).parent / f"{name}.rq").read_text(encoding="utf-8")
    return cast(Solutions, knowledge.query(text, parameters=parameters)).rows


def _answer(knowledge: KnowledgeBase, question: str) -> ox.QuerySolution:
    return cast(Solutions, knowledge.ask(question)).rows[0]
