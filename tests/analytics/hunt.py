"""Look for queries that columns and Oxigraph answer differently, seed after seed.

``make fuzz MINUTES=60`` looks for an hour. Each seed is a process of its own: where one is ended by a signal (an
abort within Oxigraph), what it asked last is printed, and the next seed goes on. ``make fuzz SEED=7`` begins with
the seed that a run printed.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click

from tests.analytics.engines import compared
from tests.analytics.grammar import graphs, queries
from tests.seeded_draws import judge_draws

_ROOT = Path(__file__).parents[2]
Triples = list[tuple[str, str, str]]


def look(number: int, examples: int, last: Path) -> Counter[str]:
    """Compare so many draws of one seed; what is asked stands in `last` before it is asked.

    Raises AssertionError for the least query whose answers differ.
    """
    outcome: Counter[str] = Counter()

    def judge(triples: Triples, query: str) -> None:
        last.write_text("\n".join([*map(" ".join, triples), query]), encoding="utf-8")
        outcome[compared(triples, query)] += 1

    judge_draws(judge, graphs(), queries(), number=number, examples=examples)
    return outcome


def command(number: int, *, examples: int, last: Path) -> list[str]:
    """The process of one seed."""
    arguments = [f"--seed={number}", f"--examples={examples}", f"--only={last}"]
    return [sys.executable, "-m", "tests.analytics.hunt", *arguments]


def judged(command: Sequence[str], last: Path) -> tuple[Counter[str], str]:
    """What the process of one seed counted, and what is to be told of it where it failed."""
    ended = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    if ended.returncode == 0:
        return Counter(json.loads(ended.stdout)), ""
    if ended.returncode < 0:
        asked = last.read_text(encoding="utf-8") if last.exists() else "nothing yet"
        fault = f"ended by signal {-ended.returncode}; asked last:\n{asked}\n{ended.stderr}"
        return Counter(aborted=1), fault
    return Counter(failed=1), ended.stdout + ended.stderr


@click.command()
@click.option("--minutes", default=1.0, help="How long to look; what has begun is brought to its end.")
@click.option("--seed", "first", type=int, help="The first seed; without it any.")
@click.option("--examples", default=500, help="Queries a seed.")
@click.option("--only", type=Path, hidden=True, help="Look at one seed, and keep here what is asked.")
def main(minutes: float, first: int | None, examples: int, only: Path | None) -> None:
    """Compare the answers of columns and Oxigraph to random queries over random graphs."""
    number = random.randrange(1_000_000) if first is None else first
    if only is not None:
        click.echo(json.dumps(look(number, examples, only)))
        return
    until = time.monotonic() + minutes * 60
    total: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        last = Path(folder) / "last"
        while True:
            counted, fault = judged(command(number, examples=examples, last=last), last)
            total += counted
            click.echo(f"SEED={number} {dict(counted)}\n{fault}".rstrip())
            number += 1
            if time.monotonic() > until:
                break
    click.echo(f"In all {dict(total)}")
    if total["failed"] or total["aborted"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
