"""Value type constraints (SHACL 4.1): class, datatype, node kind."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from ...columns.dictionary import Kind
from ...columns.kernels import Pairs
from ...columns.values import well_formed
from .. import components as c
from ..scope import ValueNodes


def instance(constraint: c.Class, values: ValueNodes) -> Pairs:
    """Values that are no instance of the class, by the data's and the ontology's subclasses."""
    return values.where(~values.scope.among(constraint.cls, values.distinct))


def datatype(constraint: c.Datatype, values: ValueNodes) -> Pairs:
    """Values of another datatype, and ill-formed ones of the right datatype."""
    dictionary = values.scope.dictionary
    wanted = values.scope.data.id(constraint.datatype)
    bad = dictionary.datatype_of(values.distinct) != wanted
    if not wanted:
        bad[:] = True
    right = np.flatnonzero(~bad)
    bad[right] = ~well_formed(values.forms.take(pa.array(right)), constraint.datatype.value)
    return values.where(bad)


def node_kind(constraint: c.NodeKind, values: ValueNodes) -> Pairs:
    """Values of another kind."""
    names = ((Kind.IRI, "IRI"), (Kind.BLANK, "BlankNode"), (Kind.LITERAL, "Literal"))
    allowed = [kind for kind, name in names if name in constraint.kind.split("Or")]
    return values.where(~np.isin(values.scope.dictionary.kind_of(values.distinct), allowed))


CHECKS = {c.Class: instance, c.Datatype: datatype, c.NodeKind: node_kind}
