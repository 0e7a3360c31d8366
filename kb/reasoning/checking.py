"""Is an ontology in order: consistent, every class possible, and what classification adds to the rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field

import pyoxigraph as ox

from ..columns.dictionary import Dictionary
from ..columns.relations import Relations
from ..errors import OntologyError
from .accounts import account
from .classify import Classification, classify
from .compiler import compile_ontology
from .engine import materialise
from .entailment import relations_of
from .expressions import NOTHING, Node, is_anonymous, owl, rdf, rdfs, short
from .hermit import merged
from .profiles import ProfileReport, profile_report
from .proof_tree import Proof
from .rules import Unsupported

STEPS = (
    "reading it as OWL 2 DL and RL",
    "asking HermiT",
    "drawing its rules",
    "looking for the axioms at fault",
)
MOST_JUSTIFIED = 5
MOST_OF_A_KIND = 3
Axiom = tuple[ox.Triple, ...]
_DECLARING = tuple(map(owl, ("Class", "ObjectProperty", "DatatypeProperty")))
_MEMBER = ox.NamedNode("urn:commerce-kb:fresh:member")


@dataclass(frozen=True)
class Impossible:
    """A class that can have no member, and axioms that together make it so (for the first few classes)."""

    iri: str
    axioms: tuple[str, ...] = ()


@dataclass(frozen=True)
class OntologyCheck:
    """What a check found. True where HermiT finds the ontology consistent and every class able to have members.

    `consistent` is None where HermiT can't read it, `refused` says why; `unheard` are datatypes (IRIs) whose axioms it
    passed over. `conflict` are axioms and facts that contradict each other in an inconsistent ontology;
    `added` the rdfs:subClassOf axioms that classification adds to what the rules of OWL 2 RL draw; `unsupported` what
    those rules don't cover; `profiles` how it leaves OWL 2 DL and RL, which is advice: the rules draw what they can.
    """

    consistent: bool | None
    conflict: tuple[str, ...]
    impossible: tuple[Impossible, ...]
    added: tuple[ox.Triple, ...]
    unsupported: tuple[Unsupported, ...]
    missing_imports: tuple[str, ...]
    profiles: ProfileReport = field(default_factory=ProfileReport)
    refused: str | None = None
    unheard: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.consistent) and not self.impossible

    def __str__(self) -> str:
        if self.refused is not None:
            lines = [f"consistency is not known: {self.refused}"]
        else:
            lines = ["consistent" if self.consistent else "inconsistent: these can't all hold"]
        lines += [f"  {one}" for one in self.conflict]
        if self.unheard:
            names = ", ".join(short(ox.NamedNode(one)) for one in self.unheard)
            lines.append(f"HermiT passed over axioms with datatypes that it does not know: {names}")
        for one in self.impossible:
            lines += [f"{one.iri} can have no member", *(f"  {axiom}" for axiom in one.axioms)]
        lines += str(self.profiles).splitlines()
        lines += [f"added: {short(one.subject)} SubClassOf {short(one.object)}" for one in self.added]
        lines += self._not_covered()
        lines += [f"import that is not here: {one}" for one in self.missing_imports]
        return "\n".join(lines)

    def _not_covered(self) -> Iterator[str]:
        """What the rules don't cover: constructs that occur often are counted, with the first few axioms."""
        kinds: dict[str, list[Unsupported]] = {}
        for one in self.unsupported:
            kinds.setdefault(one.construct, []).append(one)
        for construct, found in sorted(kinds.items(), key=lambda kind: -len(kind[1])):
            yield from (f"not covered: {one}" for one in found[:MOST_OF_A_KIND])
            if len(found) > MOST_OF_A_KIND:
                yield f"not covered: {construct}, {len(found) - MOST_OF_A_KIND:,} more"

    def to_dict(self) -> dict:
        """The check for JSON."""
        return {
            "consistent": self.consistent,
            "conflict": list(self.conflict),
            "impossible": [{"class": one.iri, "axioms": list(one.axioms)} for one in self.impossible],
            "added": [[str(one.subject), str(one.predicate), str(one.object)] for one in self.added],
            "unsupported": [
                {"construct": one.construct, "axiom": one.axiom, "remedy": one.remedy}
                for one in self.unsupported
            ],
            "missing_imports": list(self.missing_imports),
            "profiles": asdict(self.profiles),
            "refused": self.refused,
            "unheard": list(self.unheard),
        }


def check_ontology(
    triples: Iterable[ox.Triple | ox.Quad], *, progress: Callable[[str], None] = lambda step: None
) -> OntologyCheck:
    """Check the axioms among `triples` with the OWL API and HermiT; imports are not followed.

    `progress` is told each of `STEPS` as it begins. Raises ToolMissing where there is no Java.
    """
    plain = tuple(ox.Triple(one.subject, one.predicate, one.object) for one in triples)
    progress(STEPS[0])
    profiles = profile_report(merged(plain))
    progress(STEPS[1])
    refused = None
    try:
        found = classify(plain)
    except OntologyError as fault:
        found, refused = Classification(True), fault.what
    progress(STEPS[2])
    dictionary = Dictionary()
    rules = compile_ontology(plain, dictionary)
    drawn = {tuple(str(dictionary.term(one)) for one in fact) for fact in rules.schema}
    added = [
        one
        for one in found.subclasses
        if one.subject != NOTHING.node
        and (str(one.subject), str(one.predicate), str(one.object)) not in drawn
    ]
    added += [
        ox.Triple(ox.NamedNode(iri), rdfs("subClassOf"), NOTHING.node)  # type: ignore[arg-type]
        for iri in found.unsatisfiable
    ]
    progress(STEPS[3])
    return OntologyCheck(
        None if refused else found.consistent,
        () if found.consistent else _conflict(plain, None),
        tuple(
            Impossible(iri, _conflict(plain, iri) if number < MOST_JUSTIFIED else ())
            for number, iri in enumerate(found.unsatisfiable)
        ),
        tuple(sorted(added, key=str)),
        rules.unsupported,
        rules.missing_imports,
        profiles,
        refused,
        found.unheard,
    )


def _conflict(triples: tuple[ox.Triple, ...], iri: str | None) -> tuple[str, ...]:
    """Axioms that make a class impossible, or the whole inconsistent: from the rules, else from HermiT."""
    return _by_rules(triples, iri) or tuple(_told(one) for one in _justification(triples, iri))


def _by_rules(triples: tuple[ox.Triple, ...], iri: str | None) -> tuple[str, ...]:
    """The axioms in the proofs of a contradiction that a member of the class would bring about."""
    data = (*triples, ox.Triple(_MEMBER, rdf("type"), ox.NamedNode(iri))) if iri else triples
    dictionary = Dictionary()
    rules = compile_ontology(triples, dictionary)
    asserted = relations_of(dictionary, data)
    found = materialise(rules, asserted)
    if not found.contradictions:
        return ()
    view = asserted.united(Relations.of(found.relations))
    told = account(rules, view, asserted, found.contradictions[0], dictionary=dictionary)
    lines = [told.axiom, *(line for side in told.sides for line in _axioms_of(side))]
    return tuple(dict.fromkeys(lines))


def _axioms_of(proof: Proof) -> Iterator[str]:
    if not proof.asserted:
        yield proof.axiom
    elif proof.conclusion[0] != _MEMBER:
        subject, predicate, value = map(short, proof.conclusion)
        yield f"{subject} {'Type' if predicate == 'type' else predicate} {value}"
    for premise in proof.premises:
        yield from _axioms_of(premise)


def _justification(triples: tuple[ox.Triple, ...], iri: str | None) -> list[Axiom]:
    """A least set of axioms by which HermiT says so (Junker's QuickXplain, AAAI 2004)."""
    axioms, declarations = _axioms(triples)

    def shows(part: Sequence[Axiom]) -> bool:
        found: Classification = classify([*declarations, *(one for axiom in part for one in axiom)])
        return not found.consistent if iri is None else iri in found.unsatisfiable

    near = _near(axioms, iri) if iri else axioms
    return least(near if len(near) < len(axioms) and shows(near) else axioms, shows)


def least(parts: Sequence[Axiom], shows: Callable[[Sequence[Axiom]], bool]) -> list[Axiom]:
    """A least part of `parts`, all of which show something, that still shows it; each call may be dear.

    >>> a, b, c, d = ((n,) for n in range(4))
    >>> least([a, b, c, d], lambda some: b in some and d in some) == [b, d]
    True
    """

    def needed(background: list[Axiom], changed: bool, rest: list[Axiom]) -> list[Axiom]:
        if changed and shows(background):
            return []
        if len(rest) == 1:
            return rest
        half = len(rest) // 2
        low, high = rest[:half], rest[half:]
        of_high = needed(background + low, bool(low), high)
        of_low = needed(background + of_high, bool(of_high), low)
        return of_low + of_high

    return needed([], False, list(parts)) if parts else []


def _axioms(triples: tuple[ox.Triple, ...]) -> tuple[list[Axiom], list[ox.Triple]]:
    """Each statement with what spells out its blank nodes; and the declarations of terms."""
    below: dict[Node, list[ox.Triple]] = {}
    for one in triples:
        if is_anonymous(one.subject):
            below.setdefault(one.subject, []).append(one)
    spelled = {one.object for one in triples if is_anonymous(one.object)}
    axioms: list[Axiom] = []
    declarations = []
    for one in triples:
        if one.predicate == rdf("type") and one.object in _DECLARING:
            declarations.append(one)
        elif not is_anonymous(one.subject):
            axioms.append((one, *_spelling(one.object, below)))
    axioms += [
        tuple(_spelling(node, below)) for node in below if node not in spelled and len(below[node]) > 1
    ]
    return axioms, declarations


def _spelling(node: Node, below: dict[Node, list[ox.Triple]]) -> list[ox.Triple]:
    found: dict[ox.Triple, None] = {}
    pending = [node]
    while pending:
        for one in below.get(pending.pop(), ()):
            if one not in found:
                found[one] = None
                pending.append(one.object)
    return list(found)


def _near(axioms: list[Axiom], iri: str) -> list[Axiom]:
    """The axioms about a class, about the terms of those, and so on."""
    terms: set[Node] = {ox.NamedNode(iri)}
    found: dict[Axiom, None] = {}
    while True:
        fresh = [
            one
            for one in axioms
            if one not in found and (one[0].subject in terms or is_anonymous(one[0].subject))
        ]
        if not fresh:
            return list(found)
        for axiom in fresh:
            found[axiom] = None
            terms |= {end for one in axiom for end in (one.subject, one.predicate, one.object)}


def _told(axiom: Axiom) -> str:
    """An axiom in Manchester syntax where the compiler reads one, else its first triple."""
    rules = compile_ontology(axiom, Dictionary())
    texts = [one.source.axiom for one in rules if one.source.axiom != "Nothing has no member"]
    texts += [one.axiom for one in rules.unsupported]
    first = axiom[0]
    plain = f"{short(first.subject)} {short(first.predicate)} {short(first.object)}"
    return texts[0] if texts else plain
