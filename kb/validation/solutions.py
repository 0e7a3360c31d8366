"""Solutions of a query as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..columns.kernels import pack
from .query_tree import Variable


@dataclass(frozen=True)
class Table:
    """Solutions as aligned columns of ids."""

    columns: dict[Variable, NDArray]
    size: int

    def take(self, rows: NDArray) -> Table:
        """The solutions at some places, or where a mask holds."""
        if rows.dtype == bool and rows.all():
            return self
        columns = {name: one[rows] for name, one in self.columns.items()}
        return Table(columns, int(np.count_nonzero(rows)) if rows.dtype == bool else len(rows))

    def with_column(self, name: Variable, ids: NDArray) -> Table:
        """These solutions with one variable more."""
        return Table({**self.columns, name: ids}, self.size)


def together(columns: Sequence[NDArray]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The distinct rows of aligned columns, each by the place of one, and of each row the number of its like.

    >>> together([np.array([7, 8, 7]), np.array([1, 1, 1])])[1]
    array([0, 1, 0])
    """
    _, first, rows = np.unique(columns[0], return_index=True, return_inverse=True)
    for ids in columns[1:]:
        _, first, rows = np.unique(pack(rows, ids), return_index=True, return_inverse=True)
    return first, rows
