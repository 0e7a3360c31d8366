"""How fast the ontology's consequences are drawn from a generated shop, and how owlrl fares beside it.

    python benchmarks/reasoning.py [SCALE]

SCALE is that of `kb generate` (10, the default, is about a million triples). Prints inferences a CPU second and the
memory of the public and the private run; then both engines on the same 2,000 triples.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import owlrl
import pyoxigraph as ox
import rdflib

from kb.columns.batches import batches_of
from kb.columns.image import Image
from kb.columns.relations import Relations
from kb.columns.rows import Rows
from kb.demo import generate
from kb.reasoning import RuleSet, compile_ontology, materialise
from kb.resources import folder

ANNOTATIONS = ("label", "comment", "definition", "example", "editorialNote", "isDefinedBy", "altLabel")


def main() -> None:
    scale = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    with tempfile.TemporaryDirectory() as place:
        measure(Path(place), scale)
        compare(Path(place))


def measure(place: Path, scale: float) -> None:
    """The rate at scale, public and private."""
    image = Image()
    rows = Rows.encoded(image.dictionary, batches_of(shop(place / "large", scale), "urn:shop"))
    image = image.changed(added=rows, removed=Rows())
    axioms = list(ontology())
    started = time.process_time()
    rules = compile_ontology(axioms, image.dictionary)
    print(f"rules {len(rules):,}, compiled in {time.process_time() - started:.2f} CPU s")
    closed = run("public", rules, image.asserted_public, None)
    run("private", rules, image.asserted_private, closed)


def run(title: str, rules: RuleSet, asserted: Relations, given: Relations | None) -> Relations:
    """One materialisation; gives the closure."""
    before = resident()
    started = time.process_time()
    found = materialise(rules, asserted, given=given)
    seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{title:8}{asserted.size:>12,} asserted {len(found):>12,} inferred {seconds:>8.2f} CPU s "
        f"{len(found) / seconds:>12,.0f} a CPU s   {before:,.0f} MB before, peak of the process {peak:,.0f} MB"
    )
    return asserted.united(Relations.of(found.relations))


def compare(place: Path) -> None:
    """owlrl and our engine on the same small input; keys aside, on which owlrl does not end in time."""
    axioms = [one for one in ontology("identity.ttl") if not one.predicate.value.endswith(ANNOTATIONS)]
    data = [one for _, one in zip(range(2000), shop(place / "small", 0.1), strict=False)]
    text = ox.serialize((one.triple for one in (*axioms, *data)), format=ox.RdfFormat.N_TRIPLES)
    graph = rdflib.Graph().parse(data=text, format="nt")
    started = time.process_time()
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(graph)
    theirs = time.process_time() - started
    image = Image()
    rows = Rows.encoded(image.dictionary, batches_of(data, "urn:shop"))
    image = image.changed(added=rows, removed=Rows())
    started = time.process_time()
    rules = compile_ontology(axioms, image.dictionary)
    compiled = time.process_time() - started
    facts = image.asserted_public.united(image.asserted_private)
    started = time.process_time()
    rounds = 10
    for _ in range(rounds):
        materialise(rules, facts)
    ours = (time.process_time() - started) / rounds
    print(
        f"2,000 triples: owlrl {theirs:.2f} CPU s; ours {ours:.4f} CPU s and {compiled:.2f} to compile: "
        f"{theirs / ours:,.0f} times less, {theirs / (ours + compiled):,.0f} with the compiling"
    )


def ontology(*without: str) -> Iterator[ox.Quad]:
    """The axioms of all modules but alignments, market rivals and those named."""
    for file in sorted(folder("ontology").glob("*.ttl")):
        if not file.name.startswith(("align", "competition")) and file.name not in without:
            yield from ox.parse(path=str(file), format=ox.RdfFormat.TURTLE, rename_blank_nodes=True)


def shop(place: Path, scale: float) -> Iterator[ox.Quad]:
    """The quads of a generated shop."""
    for file in generate(place, scale=scale).files:
        if file.suffix == ".nq":
            yield from ox.parse(path=str(file), format=ox.RdfFormat.N_QUADS)


def resident() -> float:
    """Memory of this process now, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


if __name__ == "__main__":
    main()
