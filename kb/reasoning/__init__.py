"""Reasoning: an ontology becomes rules, rules over columns give consequences, each with a proof."""

from .accounts import Account, account
from .checking import Impossible, OntologyCheck, check_ontology
from .classify import Classification, classify
from .cliques import FromScratch
from .compiler import compile_ontology
from .contradictions import Contradiction, plain_label
from .engine import Consequences, materialise
from .entailment import Entailment, entails
from .equality import Oversized
from .gaps import Gap, Gaps, find_gaps
from .program import Program
from .proof_tree import Assertion, Proof, Proofs
from .proofs import alternatives, explain
from .rules import RuleSet, Unsupported
from .upkeep import Upkeep

__all__ = [
    "Account",
    "Assertion",
    "Classification",
    "Consequences",
    "Contradiction",
    "Entailment",
    "FromScratch",
    "Gap",
    "Gaps",
    "Impossible",
    "OntologyCheck",
    "Oversized",
    "Program",
    "Proof",
    "Proofs",
    "RuleSet",
    "Unsupported",
    "Upkeep",
    "account",
    "alternatives",
    "check_ontology",
    "classify",
    "compile_ontology",
    "entails",
    "explain",
    "find_gaps",
    "materialise",
    "plain_label",
]
