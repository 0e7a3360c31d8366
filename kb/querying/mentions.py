"""Which properties a query may read: whether it needs those whose consequences are not kept ready."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import tree_sitter

from . import guard
from .syntax import tree

_NAMES = {"iri_reference", "prefixed_name"}


def may_read(text: str, properties: Collection[str]) -> bool:
    """Whether a query may read triples of one of these properties (IRIs).

    True too for a variable or a negated set in the place of a predicate, for DESCRIBE, and where the syntax tree
    leaves a doubt: then it costs time, not answers.

    >>> may_read("SELECT * { ?s ckb:hasVariant ?o }", ["https://w3id.org/commerce-kb/onto#hasVariant"])
    True
    >>> may_read("SELECT * { ?s ckb:variantOf ?o }", ["https://w3id.org/commerce-kb/onto#hasVariant"])
    False
    >>> may_read("SELECT * { ?s ?p ?o }", ["https://w3id.org/commerce-kb/onto#hasVariant"])
    True
    """
    if "\\" in text:
        return True  # Names may be written with escapes.
    # The grammar stumbles over comments.
    root = tree(
        "".join(" " if token.group()[0] == "#" else token.group() for token in guard.tokens(text)).encode()
    )
    if root.has_error:
        return True
    return any(_doubtful(node) or _may_name(node, properties) for node in _nodes(root))


def _nodes(root: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    pending = [root]
    while pending:
        node = pending.pop()
        yield node
        pending += node.named_children


def _doubtful(node: tree_sitter.Node) -> bool:
    if node.type == "property":
        return bool(node.named_children) and node.named_children[0].type == "var"
    return node.type in ("describe_query", "path_negated_property_set")


def _may_name(node: tree_sitter.Node, properties: Collection[str]) -> bool:
    """By the end of the name: a prefix, or a base, may stand for anything before it."""
    if node.type not in _NAMES:
        return False
    name = (node.text or b"").decode()
    end = name.strip("<>") if node.type == "iri_reference" else name.partition(":")[2]
    return "./" in end or any(iri.endswith(end) for iri in properties)
