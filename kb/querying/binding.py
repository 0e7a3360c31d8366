"""Terms in the place of a query's variables.

Oxigraph's own substitution wants each variable to be among those that the query returns; parameters rarely are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import pyoxigraph as ox

_TOKENS = re.compile(
    r"""'{3}(?:'{0,2}(?:[^'\\]|\\.))*'{3}|"{3}(?:"{0,2}(?:[^"\\]|\\.))*"{3}"""
    r"""|'(?:[^'\\\r\n]|\\.)*'|"(?:[^"\\\r\n]|\\.)*"|<[^<>"{}|^`\x00-\x20]*>|\#[^\r\n]*|[?$](?P<name>\w+)""",
    re.DOTALL,
)


def bound(text: str, terms: Mapping[str, ox.NamedNode | ox.BlankNode | ox.Literal]) -> str:
    """The query with `terms` for the variables of their names; strings, IRIs and comments stay as they are.

    >>> bound("SELECT ?o { ?s ?p ?o } # ?s", {"s": ox.NamedNode("urn:x")})
    'SELECT ?o { <urn:x> ?p ?o } # ?s'
    """
    return _TOKENS.sub(lambda token: str(terms[token["name"]]) if token["name"] in terms else token[0], text)
