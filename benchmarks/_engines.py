"""Reasoners over one N-Triples file each of axioms and of data: what they cost, and what they find.

Reading is outside of what is counted, for all alike. `peak` is the memory of the whole process, `more` what it is
above that of the process when its data was read.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from types import ModuleType

from _children import Figures, tell, timed

ROUNDS = 5
_BLANK = "urn:blank:"
_STRING = "^^<http://www.w3.org/2001/XMLSchema#string>"
_SCHEMA = (
    "<http://www.w3.org/2000/01/rdf-schema#",
    "<http://www.w3.org/2002/07/owl#",
    "<http://www.w3.org/1999/02/22-rdf-syntax-ns#",
)
_SAME, _DIFFERENT = (
    "<http://www.w3.org/2002/07/owl#sameAs>",
    "<http://www.w3.org/2002/07/owl#differentFrom>",
)
_TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"


def columns(ontology: Path, data: Path, out: Path) -> None:
    """This engine, the best of some rounds: of none is anything kept but the compiled ontology."""
    import pyoxigraph as ox

    from kb.columns.image import Image
    from kb.columns.relations import Relations
    from kb.columns.rows import Rows
    from kb.loading.rdf import read_rdf
    from kb.reasoning import compile_ontology, materialise

    image = Image()
    # What the ontology says of individuals is data too.
    batches = (one for file in (data, ontology) for one in read_rdf(file, graph="urn:data", skolem=_BLANK))
    rows = Rows.encoded(image.dictionary, batches)
    image = image.changed(added=rows, removed=Rows())
    axioms = list(ox.parse(path=str(ontology), format=ox.RdfFormat.N_TRIPLES))
    facts = image.asserted_public
    del rows
    gc.collect()
    before = resident()
    rules, compiling = timed(lambda: compile_ontology(axioms, image.dictionary))
    rules.plan  # noqa: B018
    found, figures = timed(lambda: materialise(rules, facts))
    figures |= {"compile": compiling["cpu"], "inferred": len(found), **grown(before)}
    for _ in range(ROUNDS - 1):
        found = None  # type: ignore[assignment]
        rules.__dict__.pop("datatypes", None)
        again = Relations.of({key: one.pairs for key, one in facts.items()})
        found, more = timed(lambda again=again: materialise(rules, again))
        figures["cpu"] = min(figures["cpu"], more["cpu"])
    both = facts.united(Relations.of(found.relations))
    text = image.dictionary.decode

    def lines() -> Iterator[str]:
        for key, one in both.items():
            predicate = image.dictionary.text(key)
            ends = zip(text(one.subjects).to_pylist(), text(one.objects).to_pylist(), strict=True)
            yield from (f"{subject} {predicate} {value} ." for subject, value in ends)

    write(out, lines())
    tell(**figures)


def sparq_rdf(ontology: Path, data: Path, out: Path) -> None:
    import sparq

    graph = sparq.Graph.load(_both(ontology, data), format="ntriples")
    before = resident()
    _, figures = timed(lambda: graph.reason("owl"))
    figures |= grown(before)
    rows = graph.query("SELECT ?s ?p ?o { ?s ?p ?o }").rows
    # A term's repr is ``Term(...)`` about its N-Triples form.
    write(out, (" ".join(repr(row[name])[5:-1] for name in "spo") + " ." for row in rows))
    tell(**figures)


def reasonable(ontology: Path, data: Path, out: Path) -> None:
    from reasonable import PyReasoner

    graph = _rdflib().Graph().parse(data=_both(ontology, data), format="nt")
    engine = PyReasoner()
    engine.from_graph(graph)
    del graph
    gc.collect()
    before = resident()
    found, figures = timed(engine.reason)
    figures |= grown(before)
    write(out, (" ".join(term.n3() for term in one) + " ." for one in found))
    tell(**figures)


def owlrl(ontology: Path, data: Path, out: Path) -> None:
    import owlrl as engine

    graph = _rdflib().Graph().parse(data=_both(ontology, data), format="nt")
    before = resident()
    _, figures = timed(lambda: engine.DeductiveClosure(engine.OWLRL_Semantics).expand(graph))
    figures |= grown(before)
    write(out, graph.serialize(format="nt").splitlines())
    tell(**figures)


def differing(ours: Path, theirs: Path) -> tuple[set[str], set[str]]:
    """The facts that one of two engines has alone."""
    one, other = (set(path.read_text(encoding="utf-8").splitlines()) for path in (ours, theirs))
    return one - other, other - one


def write(place: Path, lines: Iterable[str]) -> None:
    """What an engine says of named individuals: no anonymous class, no owl:Thing, nothing that is always so."""
    import pyoxigraph as ox

    with place.open("w", encoding="utf-8") as sink:
        for line in filter(_is_fact, lines):
            # Engines escape the characters of literals in different ways.
            if "\\" in line:
                [one] = ox.parse(line, format=ox.RdfFormat.N_TRIPLES)
                line = f"{one.triple} ."
            sink.write(line.replace(_STRING, "").replace('+00:00"^^', 'Z"^^') + "\n")


def _is_fact(line: str) -> bool:
    subject, predicate, value = line.split(" ", 2)
    value = value[:-2]
    if subject.startswith(('"', "_:", f"<{_BLANK}")) or predicate.startswith(_SCHEMA[0]):
        return False
    if predicate == _TYPE:
        return not value.startswith(("_:", f"<{_BLANK}", *_SCHEMA))
    if predicate == _SAME:
        return subject != value and not value.startswith('"')
    return predicate == _DIFFERENT or not predicate.startswith(_SCHEMA)


def resident() -> float:
    """Memory of this process now, in MiB."""
    return _status("VmRSS")


def grown(before: float) -> Figures:
    """The memory that a process with `before` has come to need."""
    peak = _status("VmHWM")
    return {"peak": peak, "more": max(peak - before, 1)}


def _status(name: str) -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in status if line.startswith(name)).split()[1]) / 1024


def _rdflib() -> ModuleType:
    """rdflib as it leaves literals alone."""
    import rdflib

    rdflib.NORMALIZE_LITERALS = False
    return rdflib


def _both(*files: Path) -> str:
    return "".join(chain.from_iterable(file.read_text(encoding="utf-8") for file in files))


ENGINES: dict[str, Callable[[Path, Path, Path], None]] = {
    "ours": columns,
    "sparq-rdf": sparq_rdf,
    "reasonable": reasonable,
    "owlrl": owlrl,
}
