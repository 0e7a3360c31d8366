"""The star schema: the graph as fact and dimension tables that analysts and recommendation engineers know."""

from .relational import Relational
from .schema import Star, Table, star_of

__all__ = ["Relational", "Star", "Table", "star_of"]
