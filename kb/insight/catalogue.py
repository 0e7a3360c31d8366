"""The insights by name: what each answers, its chart, and the competency question that asks the same in SPARQL."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from ..errors import NotFound
from . import prices, rivals, sales, trends
from .market import Market
from .scope import Scope


@dataclass(frozen=True)
class Kind:
    """One insight: its title, the columns of its chart, and the question behind it."""

    title: str
    title_zh: str
    compute: Callable[[Market, Scope], pa.Table]
    chart: tuple[str, str]
    question: str


INSIGHTS: Mapping[str, Kind] = MappingProxyType(
    {
        "top": Kind("Top items", "热销产品", sales.top, ("name", "value"), "C01"),
        "movers": Kind("Risers and fallers", "升降最快", trends.movers, ("name", "growth"), "C02"),
        "share": Kind("Market share", "市场份额", sales.share, ("name", "share"), "C03"),
        "concentration": Kind("Concentration", "市场集中度", sales.concentration, ("name", "hhi"), "C04"),
        "competitors": Kind("Competitors", "竞争对手", rivals.competitors, ("name", "score"), "C05"),
        "price-position": Kind(
            "Price position", "价格位置", prices.price_position, ("name", "to_lowest"), "C06"
        ),
        "price-history": Kind("Price history", "价格历史", prices.price_history, ("day", "lowest"), "C07"),
        "influencers": Kind(
            "Influencers that sell", "带货达人", rivals.influencers, ("name", "value"), "C08"
        ),
        "white-space": Kind("White space", "空白市场", trends.white_space, ("name", "growth"), "C09"),
        "campaigns": Kind(
            "Campaigns that lifted sales", "有效的营销活动", rivals.campaigns, ("name", "lift"), "C11"
        ),
        "seasonality": Kind("Seasons", "季节性", trends.seasonality, ("name", "peak_to_mean"), "C15"),
    }
)


@dataclass(frozen=True)
class Insight:
    """The answer: `rows` in order, for the scope that was asked for."""

    name: str
    title: str
    scope: Scope
    question: str
    rows: pa.Table

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "insight": self.name,
            "title": self.title,
            "scope": self.scope.to_dict(),
            "question": self.question,
            "columns": self.rows.column_names,
            "rows": self.rows.to_pylist(),
        }

    def to_csv(self) -> str:
        """As CSV with a header."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.rows.column_names)
        writer.writerows(zip(*(column.to_pylist() for column in self.rows.columns), strict=True))
        return text.getvalue()


def insight_of(market: Market, name: str, scope: Scope | None = None) -> Insight:
    """One insight. Raises NotFound for its name, UsageError for a scope that lacks what it needs, SourceError without
    the data that it reads."""
    if name not in INSIGHTS:
        raise NotFound(f"There is no insight '{name}'", hint=", ".join(INSIGHTS))
    kind, scope = INSIGHTS[name], scope or Scope()
    return Insight(name, kind.title, scope, kind.question, kind.compute(market, scope))
