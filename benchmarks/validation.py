"""How fast the shapes judge a generated shop, and how pySHACL fares beside it.

    python benchmarks/validation.py [SCALE [SCALE_OF_PYSHACL]]

SCALE is that of `kb generate` (1, the default, is about 100,000 triples; pySHACL's default is 0.1). CPU seconds of
validating alone: data and shapes are parsed, in columns and in a store before the clock starts. Prints our rate
with and without the SPARQL-based constraints, then both engines on the same data and whether they agree.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pyoxigraph as ox
import pyshacl
import rdflib

from kb.columns.batches import batches_of
from kb.columns.image import Image
from kb.columns.rows import Rows
from kb.demo import generate
from kb.graphs import ONTOLOGY
from kb.resources import folder
from kb.validation import ShapesGraph, ValidationData, ValidationReport, read_shapes, validate
from kb.validation.components import SPARQL
from kb.validation.vocabulary import RDFS_SUBCLASS

Found = TypeVar("Found")
FAULTS = 0.02


def main() -> None:
    given = [float(one) for one in sys.argv[1:]]
    scale, small = [*given, *(1, 0.1)[len(given) :]]
    shapes = read_shapes(own("shapes"))
    core = without_sparql(shapes)
    with tempfile.TemporaryDirectory() as place:
        data = in_columns(shop(Path(place) / "large", scale))
        size = data.relations.size
        for title, plan in (("all constraints", shapes), ("Core constraints", core)):
            for run in ("first", "warm"):
                report, seconds = timed(lambda plan=plan: validate(plan, data))
                print(
                    f"{title}, {run}: {size:,} triples, {len(report.results):,} results, {seconds:.3f} CPU s, "
                    f"{size / seconds:,.0f} triples a CPU s"
                )
        compare(core, list(shop(Path(place) / "small", small)))


def compare(core: ShapesGraph, quads: list[ox.Triple]) -> None:
    """Both engines on the same data, Core constraints alone: pySHACL parses a query anew for every focus node."""
    data = in_columns(quads)
    report, ours = timed(lambda: validate(core, data))
    graph, rules = as_rdflib([*quads, *subclass_axioms()]), as_rdflib(core.triples)
    (_, theirs, _), seconds = timed(lambda: pyshacl.validate(graph, shacl_graph=rules))
    agree = "same results" if bag(report) == bag_of(theirs) else "DIFFERENT results"
    print(
        f"Core constraints, {data.relations.size:,} triples: pySHACL {seconds:.2f} CPU s, ours {ours:.4f}: "
        f"{seconds / ours:,.0f} times less, {agree} ({len(report.results):,})"
    )


def timed(work: Callable[[], Found]) -> tuple[Found, float]:
    """What `work` gives, and its CPU seconds."""
    started = time.process_time()
    found = work()
    return found, time.process_time() - started


def in_columns(quads: Iterable[ox.Quad | ox.Triple]) -> ValidationData:
    """The data as a commit holds it: columns, and a store that answers SPARQL."""
    image = Image()
    quads = list(quads)
    rows = Rows.encoded(image.dictionary, batches_of(quads, "urn:shop"))
    axioms = Rows.encoded(image.dictionary, batches_of(subclass_axioms(), f"{ONTOLOGY}benchmark"))
    image = image.changed(added=rows.plus(axioms), removed=Rows())
    store = ox.Store()
    text = ox.serialize([*quads, *subclass_axioms()], format=ox.RdfFormat.N_TRIPLES)
    store.bulk_load(io.BytesIO(text), format=ox.RdfFormat.N_TRIPLES)
    relations = image.view(private=True, inferred=False).as_received(image.dictionary.stored)
    return ValidationData(image.dictionary, relations, store, image.ontology)


def without_sparql(shapes: ShapesGraph) -> ShapesGraph:
    """The shapes less their SPARQL-based constraints."""
    kept = {
        node: replace(
            shape, constraints=tuple(one for one in shape.constraints if not isinstance(one, SPARQL))
        )
        for node, shape in shapes.shapes.items()
    }
    triples = tuple(one for one in shapes.triples if not one.predicate.value.endswith("shacl#sparql"))
    return ShapesGraph(kept, triples)


def own(name: str) -> Iterator[ox.Quad]:
    """The triples of the Turtle files of a folder of ours."""
    for file in sorted(folder(name).glob("*.ttl")):
        yield from ox.parse(path=file, rename_blank_nodes=True)


def subclass_axioms() -> Iterator[ox.Triple]:
    """The subclass axioms between named classes."""
    for quad in own("ontology"):
        if quad.predicate == RDFS_SUBCLASS and isinstance(quad.object, ox.NamedNode):
            yield quad.triple


def shop(place: Path, scale: float) -> Iterator[ox.Triple]:
    """The triples of a generated shop with planted faults."""
    for file in generate(place, scale=scale, faults=FAULTS).files:
        if file.suffix == ".nq":
            yield from (quad.triple for quad in ox.parse(path=file))


def as_rdflib(triples: Iterable[ox.Triple]) -> rdflib.Graph:
    return rdflib.Graph().parse(data=ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES), format="nt")


def bag(report: ValidationReport) -> Counter[tuple[str, str, str]]:
    return Counter(
        (str(one.focus)[1:-1], one.source_shape.value, one.component.value) for one in report.results
    )


def bag_of(report: rdflib.Graph) -> Counter[tuple[str, str, str]]:
    sh = rdflib.SH
    keys = (sh.focusNode, sh.sourceShape, sh.sourceConstraintComponent)
    return Counter(
        tuple(str(report.value(node, key)) for key in keys) for node in report.objects(None, sh.result)
    )


if __name__ == "__main__":
    main()
