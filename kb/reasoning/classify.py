"""Classification of an ontology by HermiT: what holds of its classes beyond the rules of OWL 2 RL.

For building and checking only: what it finds is stored with the ontology, and reasoning reads that, so that
serving never needs Java.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterable
from dataclasses import dataclass

import pyoxigraph as ox

from ..errors import OntologyError, ToolMissing
from ..skolem import unskolemised_triple
from .expressions import owl, rdf
from .schema import closure

_MERGED = "urn:commerce-kb:classified"


@dataclass(frozen=True)
class Classification:
    """What HermiT says. An inconsistent ontology entails anything: nothing else is told of it.

    `subclasses` are the inferred rdfs:subClassOf axioms between named classes that the stated ones do not
    imply; `unsatisfiable` the IRIs of classes that can have no member.
    """

    consistent: bool
    subclasses: tuple[ox.Triple, ...] = ()
    unsatisfiable: tuple[str, ...] = ()


def classify(triples: Iterable[ox.Triple | ox.Quad]) -> Classification:
    """Classify the axioms among `triples`; imports are not followed.

    Raises ToolMissing where there is no Java, OntologyError for what HermiT can't read.
    """
    if shutil.which("java") is None:
        raise ToolMissing(
            "Java is not installed, and HermiT runs on it",
            hint="apt-get install default-jre-headless (Java 11 or later)",
        )
    import owlready2

    world = owlready2.World()
    ontology = world.get_ontology(f"{_MERGED}#")
    ontology.load(fileobj=io.BytesIO(_n_triples(triples)))
    steps = _steps(world)
    try:
        owlready2.sync_reasoner_hermit(world, infer_property_values=False, debug=0)
    except owlready2.OwlReadyInconsistentOntologyError:
        return Classification(consistent=False)
    except owlready2.OwlReadyJavaError as error:
        reason = next((line for line in str(error).splitlines() if "Exception" in line), str(error))
        raise OntologyError(
            f"HermiT can't read the ontology: {reason.strip()[:500]}",
            hint="keep to OWL 2 DL and its datatypes",
        ) from error
    stated = closure(steps)
    impossible = tuple(
        sorted(one.iri for one in world.inconsistent_classes() if one is not owlready2.Nothing)
    )
    found = sorted(
        (low, high)
        for low, highs in _steps(world).items()
        for high in highs
        if low != high and high not in stated.get(low, ()) and low.value not in impossible
    )
    sub = ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#subClassOf")
    return Classification(True, tuple(ox.Triple(low, sub, high) for low, high in found), impossible)


def _n_triples(triples: Iterable[ox.Triple | ox.Quad]) -> bytes:
    """The axioms under one ontology header: several make owlready2 pick one, imports make it go to the web."""
    plain = [unskolemised_triple(ox.Triple(one.subject, one.predicate, one.object)) for one in triples]
    headers = {one.subject for one in plain if one.predicate == rdf("type") and one.object == owl("Ontology")}
    kept = [one for one in plain if one.subject not in headers and one.object not in headers]
    header = ox.Triple(ox.NamedNode(_MERGED), rdf("type"), owl("Ontology"))
    return ox.serialize([header, *kept], format=ox.RdfFormat.N_TRIPLES) or b""


def _steps(world) -> dict[ox.NamedNode, set[ox.NamedNode]]:
    """Which named class is directly below which."""
    import owlready2

    steps: dict[ox.NamedNode, set[ox.NamedNode]] = {}
    for one in world.classes():
        parents = [*one.is_a, *one.equivalent_to]
        named = {ox.NamedNode(other.iri) for other in parents if isinstance(other, owlready2.ThingClass)}
        named -= {owl("Thing"), owl("Nothing")}
        steps.setdefault(ox.NamedNode(one.iri), set()).update(named)
        for other in one.equivalent_to:
            if isinstance(other, owlready2.ThingClass):
                steps.setdefault(ox.NamedNode(other.iri), set()).add(ox.NamedNode(one.iri))
    return steps
