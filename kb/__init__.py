"""commerce-kb: one graph for e-commerce that can be trusted and asked.

    from kb import KnowledgeBase

Names are imported when they are first used, so that ``kb --help`` answers at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .errors import KbError
    from .knowledge_base import Change, KnowledgeBase, LoadOptions
    from .querying.results import Solutions, Triples, Truth
    from .querying.run import Dataset
    from .reports import LoadReport, ReasoningReport
    from .statistics import Stats
    from .store import Commit
    from .values import term

_MODULES = {
    "Change": "knowledge_base",
    "Commit": "store",
    "Dataset": "querying.run",
    "KbError": "errors",
    "KnowledgeBase": "knowledge_base",
    "LoadOptions": "knowledge_base",
    "LoadReport": "reports",
    "ReasoningReport": "reports",
    "Solutions": "querying.results",
    "Stats": "statistics",
    "Triples": "querying.results",
    "Truth": "querying.results",
    "term": "values",
}

__all__ = [
    "Change",
    "Commit",
    "Dataset",
    "KbError",
    "KnowledgeBase",
    "LoadOptions",
    "LoadReport",
    "ReasoningReport",
    "Solutions",
    "Stats",
    "Triples",
    "Truth",
    "term",
]


def __getattr__(name: str):
    if name not in _MODULES:
        raise AttributeError(f"module 'kb' has no attribute '{name}'")
    return getattr(import_module(f".{_MODULES[name]}", __name__), name)
