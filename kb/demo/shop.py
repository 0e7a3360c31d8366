"""Writes a whole demo shop, block by block."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import IO, Literal, Protocol

from ..errors import UsageError
from .blocks import Block
from .catalog_tables import build_catalog
from .content_tables import build_content, draw_segments, draw_videos
from .faults import Fault, Spoiler
from .graph_writer import read_templates, write_quads
from .lexicon import read_rows
from .market_tables import build_market
from .order_tables import build_orders
from .population import Population, draw_population
from .trade_tables import build_trade
from .truth import tell_truth


@dataclass(frozen=True)
class GeneratedShop:
    """What was written: files in the order of their making, rows per table, quads in all, faults planted."""

    output: Path
    files: tuple[Path, ...]
    counts: dict[str, int]
    quads: int
    faults: int


class _Writer(Protocol):
    quads: int

    def write(self, block: Block) -> None: ...


class _QuadsWriter:
    """One N-Quads file per mapping file."""

    def __init__(self, output: Path, stack: ExitStack) -> None:
        self.quads = 0
        self.files = []
        self._routes = {}
        for stem, tables in read_templates().items():
            path = output / f"{stem}.nq"
            file = stack.enter_context(path.open("w", encoding="utf-8", newline="\n"))
            self.files.append(path)
            for table, templates in tables.items():
                self._routes[table] = (file, templates)

    def write(self, block: Block) -> None:
        file, templates = self._routes[block.table]
        text, count = write_quads(block, templates)
        file.write(text)
        self.quads += count


class _TablesWriter:
    """One CSV file per table."""

    def __init__(self, output: Path, stack: ExitStack) -> None:
        self.quads = 0
        self.files: list[Path] = []
        self._output, self._stack = output, stack
        self._open: dict[str, IO[str]] = {}

    def write(self, block: Block) -> None:
        file = self._open.get(block.table)
        if file is None:
            path = self._output / f"{block.table}.csv"
            file = self._open[block.table] = self._stack.enter_context(
                path.open("w", encoding="utf-8", newline="")
            )
            self.files.append(path)
            csv.writer(file, lineterminator="\n").writerow(block.columns)
        csv.writer(file, lineterminator="\n").writerows(zip(*block.columns.values(), strict=True))


def generate(
    output: Path,
    *,
    scale: float = 1,
    seed: int = 7,
    faults: float = 0.0,
    noise: float = 0.0,
    form: Literal["nquads", "csv"] = "nquads",
) -> GeneratedShop:
    """Write a shop below ``output`` (made if missing): about 100,000 quads for each 1 of ``scale``.

    The same arguments give the same bytes on every machine. ``faults`` is the share of entities that are spoiled;
    ``faults.csv`` lists them, ``truth.json`` says what is planted to be found. Memory does not grow with orders.
    ``noise`` is the share of listings with a careless title that do not say which SPU they are of, of what merchants
    sell and influencers show outside their field, and of influencers who declare no niche.
    """
    if not scale > 0 or not 0 <= faults <= 1 or not 0 <= noise <= 1:
        raise UsageError(
            f"scale {scale}, faults {faults} and noise {noise} do not make a shop",
            hint="scale is above 0, faults and noise are shares from 0 to 1",
        )
    output.mkdir(parents=True, exist_ok=True)
    population = draw_population(scale, seed, [row["prefers"] for row in read_rows("segments")], noise)
    spoiler = Spoiler(population.draws, faults)
    counts: Counter[str] = Counter()
    with ExitStack() as stack:
        writer = (_QuadsWriter if form == "nquads" else _TablesWriter)(output, stack)
        for block in spoiler.spoil(build_blocks(population, noise)):
            counts[block.table] += len(block)
            writer.write(block)
    side_files = (_write_truth(output, population, noise), _write_faults(output, spoiler.faults))
    return GeneratedShop(
        output, (*writer.files, *side_files), dict(counts), writer.quads, len(spoiler.faults)
    )


def _write_truth(output: Path, population: Population, noise: float) -> Path:
    path = output / "truth.json"
    path.write_text(
        json.dumps(tell_truth(population, noise), indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    return path


def _write_faults(output: Path, faults: list[Fault]) -> Path:
    path = output / "faults.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(field.name for field in fields(Fault))
        rows.writerows(astuple(fault) for fault in faults)
    return path


def build_blocks(population: Population, noise: float = 0.0) -> Iterator[Block]:
    """Every table of the shop, block by block."""
    videos, segments = draw_videos(population), draw_segments(population)
    yield from build_catalog(population)
    yield from build_trade(population, noise)
    yield from build_content(population, videos, segments)
    yield from build_market(population, videos)
    yield from build_orders(population, videos, segments)
