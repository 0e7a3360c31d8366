"""Insight: what an analyst or a category manager asks of the market, as tables with numbers that can be checked."""

from .catalogue import INSIGHTS, Insight, Kind, insight_of
from .market import Market
from .scope import Scope

__all__ = ["INSIGHTS", "Insight", "Kind", "Market", "Scope", "insight_of"]
