"""Proofs as trees on a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..reasoning import Proof, Proofs
from .options import put

if TYPE_CHECKING:
    from rich.tree import Tree


def put_proof(told: Proof | Proofs, form: str) -> None:
    """A proof to standard output: drawn on a terminal, as indented lines where a program reads it, or as JSON."""
    if form != "text" or not sys.stdout.isatty():
        put(told, form)
        return
    from rich.console import Console

    for proof in told.proofs if isinstance(told, Proofs) else (told,):
        Console().print(tree_of(proof))


def tree_of(proof: Proof, under: Tree | None = None) -> Tree:
    """A proof as rich draws it; what data say is never read as markup."""
    from rich.text import Text
    from rich.tree import Tree

    style = "green" if proof.asserted else "dim"
    text = Text.assemble((proof.statement, "bold"), "  ", (f"[{proof.reason}]", style))
    tree = Tree(text, guide_style="dim") if under is None else under.add(text)
    for premise in proof.premises:
        tree_of(premise, tree)
    return tree
