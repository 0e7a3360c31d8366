"""Validation: shapes to a plan, the plan over columns, a report."""

from __future__ import annotations

from .dependencies import Changed, affected
from .engine import plan_text, validate
from .report import Result, Unchecked, ValidationReport
from .scope import ValidationData
from .shapes import Shape, ShapesGraph, read_shapes

__all__ = [
    "Changed",
    "Result",
    "Shape",
    "ShapesGraph",
    "Unchecked",
    "ValidationData",
    "ValidationReport",
    "affected",
    "plan_text",
    "read_shapes",
    "validate",
]
