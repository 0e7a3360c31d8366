"""The syntax of SPARQL Update: a request as operations, its templates as quads with places for variables.

A template is nearly TriG: with its variables written as IRIs below a marker that the request doesn't contain, an
RDF parser resolves prefixes, lists and property lists, and keeps literals as they were written.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

import pyoxigraph as ox
import tree_sitter
import tree_sitter_sparql

from ..errors import NotCovered, QueryError
from ..graphs import BASE
from ..terms import PREFIXES
from . import guard

Slots = Mapping[str, ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple]
Verb = Literal["clear", "drop", "create", "copy", "move", "add"]
Place = ox.NamedNode | Literal["DEFAULT", "NAMED", "ALL"]


@dataclass(frozen=True)
class Template:
    """Quads with variables; each as it was written and as Oxigraph stores it (its canonical literals)."""

    quads: tuple[tuple[ox.Quad, ox.Quad], ...]
    marker: str

    @property
    def variables(self) -> set[str]:
        """The names of its variables."""
        terms = (term for quad, _ in self.quads for term in _leaves((*quad.triple, quad.graph_name)))
        return {
            term.value.removeprefix(self.marker)
            for term in terms
            if isinstance(term, ox.NamedNode) and term.value.startswith(self.marker)
        }

    def filled(self, solution: Slots) -> Iterator[tuple[ox.Quad, ox.Quad]]:
        """The quads of one solution, with fresh blank nodes; ill-formed ones and gaps are left out (section 3.1.3)."""
        fresh: dict[str, ox.BlankNode] = {}
        for written, stored in self.quads:
            try:
                key = self._quad(stored, solution, fresh)
                yield (key if written is stored else self._quad(written, solution, fresh)), key
            except (KeyError, TypeError, ValueError):
                continue  # Unbound, or a literal where only an IRI may stand.

    def _quad(self, quad: ox.Quad, solution: Slots, fresh: dict[str, ox.BlankNode]) -> ox.Quad:
        return ox.Quad(*(self._term(term, solution, fresh) for term in (*quad.triple, quad.graph_name)))

    def _term(self, term, solution: Slots, fresh: dict[str, ox.BlankNode]):
        if isinstance(term, ox.BlankNode):
            return fresh.setdefault(term.value, ox.BlankNode())
        if isinstance(term, ox.Triple):
            return ox.Triple(*(self._term(part, solution, fresh) for part in term))
        if isinstance(term, ox.NamedNode) and term.value.startswith(self.marker):
            return solution[term.value.removeprefix(self.marker)]
        return term


@dataclass(frozen=True)
class Modify:
    """INSERT and DELETE in all their forms; `where` is None for DATA, else a group graph pattern."""

    delete: Template
    insert: Template
    prologue: str
    where: str | None = None
    target: ox.NamedNode | None = None
    using: tuple[ox.NamedNode, ...] = ()
    using_named: tuple[ox.NamedNode, ...] = ()


@dataclass(frozen=True)
class Load:
    """LOAD of a document; `graph` is None without INTO."""

    document: str
    silent: bool
    graph: ox.NamedNode | None = None


@dataclass(frozen=True)
class Manage:
    """What concerns whole graphs; `target` is None for all but COPY, MOVE, ADD."""

    verb: Verb
    silent: bool
    graph: Place
    target: Place | None = None


Operation = Modify | Load | Manage
# Escapes, and the prefix of a name, which may be called as a keyword is.
_STUMBLES = re.compile(r"\\.|%(?=[0-9A-Fa-f]{2})|^[^\W\d_][\w.\-]*(?=:)", re.DOTALL)
_MOST_SECTIONS = 100
_OF_TWO_WORDS = {("INSERT", "DATA"), ("DELETE", "DATA"), ("DELETE", "WHERE")}


def operations(text: str) -> list[Operation]:
    """The operations of a request that an RDF store has accepted.

    >>> [type(one).__name__ for one in operations("CLEAR DEFAULT; INSERT DATA { <urn:s> a ckb:SPU }")]
    ['Manage', 'Modify']

    Raises NotCovered for what SPARQL 1.1 does not have.
    """
    if not any(token["word"] and token["word"].upper() not in guard.PROLOGUE for token in guard.tokens(text)):
        return []
    source, plain = text.encode(), _plain(text)
    root = tree(plain)
    if root.has_error:  # The grammar wants an operation behind the last semicolon.
        root = tree(plain + b"\nINSERT DATA {}")
    if root.has_error:
        raise _not_covered(text, _first_error(root))
    marker = "variable:"
    while marker in text:
        marker = f"x{marker}"
    return list(_Reader(source, marker).read(root))


def tree(text: bytes) -> tree_sitter.Node:
    """The syntax tree of a query or an update in UTF-8; where it `has_error`, it is a guess."""
    return tree_sitter.Parser(_language()).parse(text).root_node


def sections(text: str) -> list[str]:
    """A request cut before each prologue behind a semicolon, which SPARQL allows and Oxigraph's parser does not.

    Each section has the prologues before it, and every token keeps its line and column. Raises QueryError for more
    than a hundred.

    >>> sections("CLEAR ALL ; BASE <urn:a> CLEAR DEFAULT")
    ['CLEAR ALL ; ', '            BASE <urn:a> CLEAR DEFAULT']
    """
    starts, prologues = [0], []
    depth, begin, behind = 0, 0, False
    inside = True
    for token in guard.tokens(text):
        kind, word = token.lastgroup, (token["word"] or "").upper()
        depth += (kind == "open") - (kind == "close")
        if word and depth == 0:
            if word in guard.PROLOGUE and behind and not inside:
                inside, begin = True, token.start()
                starts.append(begin)
            elif word not in guard.PROLOGUE and inside:
                inside = False
                prologues.append((begin, token.start()))
            behind = False
        elif depth == 0 and token.group() == ";":
            behind = True
    if len(starts) > _MOST_SECTIONS:
        raise QueryError(f"More than {_MOST_SECTIONS} prologues", hint="split the request into smaller ones")
    cut = []
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        blank = re.sub(r"[^\n]", " ", text[:start])
        for first, last in prologues:
            if last <= start:
                blank = blank[:first] + text[first:last] + blank[last:]
        cut.append(blank + text[start:end])
    return cut


def _plain(text: str) -> bytes:
    """A request whose tree is the same, each node at its place, with all that the grammar stumbles over levelled:
    comments, escapes, prefixes, and what stands between the words of INSERT DATA, DELETE DATA, DELETE WHERE."""
    pieces: list[str] = []
    first: int | None = None  # The piece that holds the last word, while only space followed it.
    for token in guard.tokens(text):
        piece, word = token.group(), (token["word"] or "").upper()
        blank = token.lastgroup == "skipped" and (piece[0] == "#" or piece.isspace())
        if first is not None and (pieces[first].upper(), word) in _OF_TWO_WORDS:
            between = _width("".join(pieces[first + 1 :]))
            pieces[first:] = [f"{pieces[first].upper()} {word}", " " * (between - 1)]
        elif piece[0] == "#":
            pieces.append(" " * _width(piece))
        else:
            pieces.append(_STUMBLES.sub(lambda found: "x" * _width(found.group()), piece))
        first = len(pieces) - 1 if word else first if blank else None
    return "".join(pieces).encode()


def _width(text: str) -> int:
    return len(text.encode())


class _Reader:
    def __init__(self, source: bytes, marker: str) -> None:
        self.source = source
        self.marker = marker
        self.prologue = ""

    def read(self, root: tree_sitter.Node) -> Iterator[Operation]:
        for node in root.children:
            if node.type == "prologue":
                self.prologue += f"{self._text(node)}\n"
            elif node.type in ("insert_data", "delete_data", "delete_where", "modify"):
                yield self._modify(node)
            elif node.type == "load":
                yield self._load(node)
            elif node.type in ("clear", "drop", "create", "copy", "move", "add"):
                yield self._manage(node)
            elif node.is_named and node.type != "comment":
                raise _not_covered(self.source.decode(), node)

    def _modify(self, node: tree_sitter.Node) -> Modify:
        delete = insert = Template((), self.marker)
        where = target = None
        using: list[ox.NamedNode] = []
        using_named: list[ox.NamedNode] = []
        for part in node.children:
            if part.type == "quads":
                template = self._template(part)
                delete, insert = (delete, template) if node.type == "insert_data" else (template, insert)
                where = self._text(part) if node.type == "delete_where" else None
            elif part.type == "delete_clause":
                delete = self._template(part.children[-1])
            elif part.type == "insert_clause":
                insert = self._template(part.children[-1])
            elif part.type == "using_clause":
                named = any(one.type == "NAMED" for one in part.children)
                (using_named if named else using).append(self._iri(part.children[-1]))
            elif part.type == "group_graph_pattern":
                where = self._text(part)
            elif part.type in ("iri_reference", "prefixed_name"):
                target = self._iri(part)
        return Modify(delete, insert, self.prologue, where, target, tuple(using), tuple(using_named))

    def _load(self, node: tree_sitter.Node) -> Load:
        silent = any(one.type == "SILENT" for one in node.children)
        into = [self._place(one) for one in node.children if one.type == "graph_ref"]
        document = next(one for one in node.children if one.type in ("iri_reference", "prefixed_name"))
        return Load(self._iri(document).value, silent, *into)  # type: ignore[arg-type]

    def _manage(self, node: tree_sitter.Node) -> Manage:
        silent = any(one.type == "SILENT" for one in node.children)
        places = [
            self._place(one)
            for one in node.children
            if one.type in ("graph_ref", "graph_ref_all", "graph_or_default")
        ]
        return Manage(node.type, silent, *places)  # type: ignore[arg-type]

    def _place(self, node: tree_sitter.Node) -> Place:
        for part in node.children:
            if part.type == "graph_ref":
                return self._place(part)
            if part.type in ("iri_reference", "prefixed_name"):
                return self._iri(part)
        return self._text(node).upper()  # type: ignore[return-value]

    def _iri(self, node: tree_sitter.Node) -> ox.NamedNode:
        name = self._text(node)
        return self._trig(f"{name} a {name} .", node)[0].object  # type: ignore[return-value]

    def _template(self, node: tree_sitter.Node) -> Template:
        written = self._trig("\n".join(self._blocks(node)), node)
        return Template(tuple((quad, stored(quad)) for quad in written), self.marker)

    def _blocks(self, node: tree_sitter.Node) -> Iterator[str]:
        for part in node.children:
            if part.type == "triples_template":
                # A dot on its own line, so that a comment can't swallow it.
                yield self._marked(part) + ("" if _last_leaf(part).type == "." else "\n.")
            elif part.type == "quads_not_triples":
                yield self._marked(part)

    def _marked(self, node: tree_sitter.Node) -> str:
        pieces, at = [], node.start_byte
        for variable in _all(node, "var"):
            name = self._text(variable)[1:]
            pieces += [self.source[at : variable.start_byte].decode(), f"<{self.marker}{name}>"]
            at = variable.end_byte
        return "".join(pieces) + self.source[at : node.end_byte].decode()

    def _trig(self, body: str, node: tree_sitter.Node) -> list[ox.Quad]:
        known = "".join(f"PREFIX {name}: <{iri}>\n" for name, iri in PREFIXES.items())
        try:
            text = f"{known}{self.prologue}{body}"
            return list(dict.fromkeys(ox.parse(text, format=ox.RdfFormat.TRIG, base_iri=BASE, lenient=True)))
        except SyntaxError:
            raise _not_covered(self.source.decode(), node) from None

    def _text(self, node: tree_sitter.Node) -> str:
        return self.source[node.start_byte : node.end_byte].decode()


@cache
def _language() -> tree_sitter.Language:
    with warnings.catch_warnings():  # The grammar's package hands out a bare pointer.
        warnings.simplefilter("ignore", DeprecationWarning)
        return tree_sitter.Language(tree_sitter_sparql.language())


def stored(quad: ox.Quad) -> ox.Quad:
    """A quad as Oxigraph gives it back; the same object where nothing changes."""
    store = ox.Store()
    store.add(quad)
    kept = next(iter(store))
    return quad if kept == quad else kept


def _leaves(terms) -> Iterator:
    for term in terms:
        if isinstance(term, ox.Triple):
            yield from _leaves(term)
        else:
            yield term


def _all(node: tree_sitter.Node, kind: str) -> Iterator[tree_sitter.Node]:
    if node.type == kind:
        yield node
    for child in node.children:
        yield from _all(child, kind)


def _last_leaf(node: tree_sitter.Node) -> tree_sitter.Node:
    solid = [child for child in node.children if child.type != "comment"]
    return _last_leaf(solid[-1]) if solid else node


def _first_error(node: tree_sitter.Node) -> tree_sitter.Node:
    for child in node.children:
        if child.has_error:
            return child if child.is_error or child.is_missing else _first_error(child)
    return node


def _not_covered(text: str, node: tree_sitter.Node) -> NotCovered:
    at = len(text.encode()[: node.start_byte].decode(errors="ignore"))
    return NotCovered(
        "This part of the update does not run here",
        where=guard.position(text, at),
        hint="write it in plain SPARQL 1.1 Update",
    )
