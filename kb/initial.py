"""What a new store holds: the ontology, the vocabularies and the shapes that its settings name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyoxigraph as ox

from . import graphs, skolem
from .columns.batches import batches_of
from .errors import OntologyError
from .formats import rdf_format
from .resources import folder
from .settings import MODULES, OUR_SHAPES, Settings, is_file

# Shape 051 judges the ontology itself; `make test` runs it.
_NOT_FOR_DATA = "ontology-style"


def initial_files(settings: Settings, store: Path = Path()) -> list[tuple[Path, str]]:
    """The files of a new store with the graph that each goes to.

    >>> initial_files(Settings(ontology=("core",)))[0][1]
    'https://w3id.org/commerce-kb/graph/ontology/core'

    Raises OntologyError for what is not there.
    """
    ontology = folder("ontology")
    ours = [name for name in settings.ontology if not is_file(name)]
    modules = [(ontology / f"{name}.ttl", f"{graphs.ONTOLOGY}{name}") for name in ours]
    others = [
        (store / name, f"{graphs.ONTOLOGY}{graphs.source_name(Path(name).stem)}")
        for name in settings.ontology
        if name not in ours
    ]
    vocabularies = [(path, graphs.VOCABULARIES) for path in sorted((ontology / "vocab").glob("*.ttl"))]
    shapes = [path for name in settings.shapes for path in _shapes(name, store)]
    found = modules + others + vocabularies * bool(ours) + [(path, graphs.SHAPES) for path in shapes]
    for path, graph in found:
        if not path.exists():
            if graph.removeprefix(graphs.ONTOLOGY) in ours:
                hint = f"the modules are {', '.join(MODULES)} and those in {ontology}"
            else:
                hint = "name a file, absolute or relative to the store's folder"
            raise OntologyError(f"There is no '{path.name}'", where="kb.toml", hint=hint)
    return found


def initial_batches(settings: Settings, commit: str, store: Path = Path()) -> Iterator[pa.RecordBatch]:
    """Their quads, blank nodes skolemised below `commit`.

    Raises OntologyError for a file that does not parse.
    """
    for part, (path, graph) in enumerate(initial_files(settings, store)):
        try:
            quads = ox.parse(path=str(path), format=rdf_format(path), rename_blank_nodes=False)
            for batch in batches_of((quad.triple for quad in quads), graph):
                yield skolem.skolemised(batch, skolem.prefix(commit, part))
        except SyntaxError as fault:
            raise OntologyError(
                f"It does not parse: {fault.msg}", where=f"{path}, line {fault.lineno}"
            ) from None


def _shapes(name: str, store: Path) -> list[Path]:
    if name != OUR_SHAPES:
        return [store / name]
    return [path for path in sorted(folder("shapes").glob("*.ttl")) if path.stem != _NOT_FOR_DATA]
