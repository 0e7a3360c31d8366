"""Validation: shapes to a plan, the plan over columns, a report."""

from __future__ import annotations

from .dependencies import Plan
from .engine import validate
from .incremental import Delta, Foci, affected
from .plan import ExecutionPlan
from .policy import Policy
from .report import Origin, Result, Unchecked, ValidationReport
from .scope import ValidationData
from .shapes import Shape, ShapesGraph, read_shapes
from .views import View

__all__ = [
    "Delta",
    "ExecutionPlan",
    "Foci",
    "Origin",
    "Plan",
    "Policy",
    "Result",
    "Shape",
    "ShapesGraph",
    "Unchecked",
    "ValidationData",
    "ValidationReport",
    "View",
    "affected",
    "read_shapes",
    "validate",
]
