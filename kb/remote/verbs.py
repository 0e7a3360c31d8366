"""The verbs that read and are answered in JSON at ``/api/<verb>``: what each gives, and what it is given."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ..contradictions import ContradictionReport
from ..querying.find import Match
from ..reasoning import Gaps, Proof, Proofs
from ..statistics import Profile, Stats
from ..store import Commit

RESULTS: Mapping[str, Any] = MappingProxyType(
    {
        "contradictions": ContradictionReport,
        "explain": Proof,
        "explain_all": Proofs,
        "explain_missing": Gaps,
        "find": list[Match],
        "log": list[Commit],
        "profile": Profile,
        "stats": Stats,
    }
)
_TRIPLE = ("subject", "property", "object")
# Terms are written as in N-Triples.
PARAMETERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "contradictions": ("accounts",),
        "explain": _TRIPLE,
        "explain_all": (*_TRIPLE, "at_most"),
        "explain_missing": _TRIPLE,
        "find": ("text", "kind", "limit"),
        "log": (),
        "profile": (),
        "stats": (),
    }
)
TERMS = frozenset(_TRIPLE)
NUMBERS = frozenset(("accounts", "at_most", "limit"))
