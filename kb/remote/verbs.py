"""The verbs that read and are answered in JSON at ``/api/<verb>``, and what each is given."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_TRIPLE = ("subject", "property", "object")
PARAMETERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "contradictions": ("accounts",),
        "explain": _TRIPLE,
        "explain_all": (*_TRIPLE, "at_most"),
        "explain_missing": _TRIPLE,
        "find": ("text", "kind", "limit"),
        "insight": ("name", "scope"),
        "log": (),
        "profile": (),
        "stats": (),
        "validate": (),
        "validate_since": ("reference",),
    }
)
# Terms are written as in N-Triples, a scope as JSON.
TERMS = frozenset(_TRIPLE)
NUMBERS = frozenset(("accounts", "at_most", "limit"))
NEEDED = TERMS | {"text", "name", "reference"}
