"""Exports: the graph as files that recommendation and analytics teams load, with a manifest of what is in them."""

from .delivery import Delivered, ExportOptions, deliver
from .formats import FORMATS

__all__ = ["FORMATS", "Delivered", "ExportOptions", "deliver"]
