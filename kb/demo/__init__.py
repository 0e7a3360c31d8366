"""A plausible, bilingual shop of fictional goods: deterministic, of any size, with findings and faults planted."""

from __future__ import annotations

from .shop import GeneratedShop, generate

__all__ = ["GeneratedShop", "generate"]
