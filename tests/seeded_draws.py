"""Random draws that a number repeats."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st


def judge_draws(
    judge: Callable[..., None], *strategies: st.SearchStrategy[Any], number: int, examples: int
) -> None:
    """Judge so many draws of the seed `number`; a draw that fails is made as small as can be."""
    quick = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    seed(number)(quick(given(*strategies)(judge)))()
