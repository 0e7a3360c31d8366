"""What a new store holds: the ontology's modules, the vocabularies and the shapes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyoxigraph as ox

from . import graphs, skolem
from .columns.batches import batches_of
from .errors import OntologyError
from .resources import folder
from .settings import Settings

# Shape 051 judges the ontology itself; `make test` runs it.
_NOT_FOR_DATA = "ontology-style"


def initial_files(settings: Settings) -> list[tuple[Path, str]]:
    """The files of a new store with the graph that each goes to.

    >>> initial_files(Settings(ontology=("core",)))[0][1]
    'https://w3id.org/commerce-kb/graph/ontology/core'

    Raises OntologyError for a module that is not there.
    """
    ontology, shapes = folder("ontology"), folder("shapes")
    modules = [(ontology / f"{name}.ttl", f"{graphs.ONTOLOGY}{name}") for name in settings.ontology]
    for path, _ in modules:
        if not path.exists():
            raise OntologyError(f"There is no module '{path.stem}'", where="kb.toml", hint=f"see {ontology}")
    vocabularies = [(path, graphs.VOCABULARIES) for path in sorted((ontology / "vocab").glob("*.ttl"))]
    judging = [(path, graphs.SHAPES) for path in sorted(shapes.glob("*.ttl")) if path.stem != _NOT_FOR_DATA]
    return modules + vocabularies + judging


def initial_batches(settings: Settings, commit: str) -> Iterator[pa.RecordBatch]:
    """Their quads, blank nodes skolemised below `commit`."""
    for part, (path, graph) in enumerate(initial_files(settings)):
        quads = ox.parse(path=str(path), format=ox.RdfFormat.TURTLE, rename_blank_nodes=False)
        for batch in batches_of(quads, graph):
            yield skolem.skolemised(batch, skolem.prefix(commit, part))
