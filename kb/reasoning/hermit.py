"""The Java that comes with owlready2: HermiT 1.3.8 and the OWL API 3.4.3, each asked in a process of its own."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path

import pyoxigraph as ox

from ..errors import ToolMissing
from ..skolem import unskolemised_triple
from .expressions import owl, rdf

_MERGED = ox.NamedNode("urn:commerce-kb:merged")
# What runs for seconds is not worth the second compiler.
_OPTIONS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx2000m", "-Dfile.encoding=UTF-8")


def merged(triples: Iterable[ox.Triple | ox.Quad]) -> list[ox.Triple]:
    """The axioms under one ontology header and without imports, blank nodes again blank."""
    plain = [unskolemised_triple(ox.Triple(one.subject, one.predicate, one.object)) for one in triples]
    headers = {one.subject for one in plain if one.predicate == rdf("type") and one.object == owl("Ontology")}
    kept = [one for one in plain if one.subject not in headers and one.object not in headers]
    return [ox.Triple(_MERGED, rdf("type"), owl("Ontology")), *kept]


def run_java(program: Sequence[str | Path], triples: Iterable[ox.Triple]) -> subprocess.CompletedProcess[str]:
    """Run a program of the jar, or a source file with it, on a file of these triples, named as its last argument.

    Raises ToolMissing.
    """
    engine = find_spec("owlready2")
    assert engine is not None and engine.origin is not None
    jar = Path(engine.origin).parent / "hermit" / "HermiT.jar"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ontology.nt"
        file.write_bytes(ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b"")
        command = ["java", *_OPTIONS, "-cp", jar, *program, file.as_uri()]
        try:
            return subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")
        except OSError:
            raise ToolMissing(
                "Java is not installed, and HermiT runs on it",
                hint="apt-get install default-jdk-headless (Java 11 or later; default-jre-headless is enough for "
                "all but the profiles)",
            ) from None


def fault_of(ran: subprocess.CompletedProcess[str]) -> str:
    """What a program that failed said first of all, on one line."""
    lines = (line.strip() for line in ran.stderr.splitlines())
    said = " ".join(line for line in lines if line and not line.startswith(("at ", "Picked up ")))
    return said.removeprefix('Exception in thread "main" ')[:500]
