"""Forgetting a buyer: everything that speaks of them leaves the journal, all snapshots and the copies."""

from .forgetting import Forgotten, clear_away, forgotten, repaired
from .outside import Fate
from .traces import named

__all__ = ["Fate", "Forgotten", "clear_away", "forgotten", "named", "repaired"]
