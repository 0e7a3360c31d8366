"""Answers as rows of text: asked, and kept in ``expected/ID.csv``.

``python -m tests.competency.answers STORE ID...`` writes files anew from a store of the demo shop (scale 0.3,
seed 7; after ``kb mine neighbours`` for K02 and K13); read what changed before you keep it.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import cast

from kb import KnowledgeBase, Solutions
from kb.querying.arrow import plain

EXPECTED = Path(__file__).parent / "expected"
Rows = list[dict[str, str]]


def asked(knowledge: KnowledgeBase, id: str, **values: str | int | float) -> Rows:
    """The rows of an answer by column."""
    answer = cast(Solutions, knowledge.ask(id, values))
    return [{name: plain(value) for name, value in zip(answer.variables, row, strict=True)} for row in answer]


def expected(id: str) -> Rows:
    """The rows that a question with its defaults must give, in their order."""
    with (EXPECTED / f"{id}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(knowledge: KnowledgeBase, id: str) -> None:
    """Keep the rows that a question gives now."""
    names = cast(Solutions, knowledge.ask(id)).variables
    with (EXPECTED / f"{id}.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, names, lineterminator="\n")
        table.writeheader()
        table.writerows(asked(knowledge, id))


if __name__ == "__main__":
    with KnowledgeBase.open(sys.argv[1], read_only=True) as opened:
        for each in sys.argv[2:]:
            write(opened, each)
