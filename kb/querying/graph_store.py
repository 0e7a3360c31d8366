"""The operations of the SPARQL 1.1 Graph Store Protocol as ground diffs: put, post, delete, patch one graph."""

from __future__ import annotations

import email.policy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from typing import Literal, cast

import pyoxigraph as ox

from ..errors import DataError, Forbidden, NotFound, ResultTooLarge, SyntaxFault, UnsupportedFormat
from ..rdf_guard import Watch
from .datasets import DEFAULT, Draft, Graph, Quads, quad_in
from .syntax import stored
from .updates import GroundDiff, diff_of

# The whole dataset in the place of a graph.
EVERY_GRAPH = "*"
# Of one body, which is held in memory.
_MOST_QUADS = 1_000_000
Method = Literal["PUT", "POST", "DELETE", "PATCH"]
UPDATE_TYPE = "application/sparql-update"
PATCH_TYPE = "application/rdf-patch"
_MOST_PARTS = 1_000
# A string, an IRI, a blank node or a language, each as it is; else a name with its prefix.
_TERM = re.compile(r'"(?:[^"\\]|\\.)*"|<[^>]*>|_:\S+|@[\w-]+|(?P<prefix>[\w.\-]*):(?P<local>[\w.\-:%]*\w|)')
_PREFIX = re.compile(r'"?(?P<prefix>[\w.\-]*):?"?(?:\s+["<](?P<iri>[^">]*)[">])?')


@dataclass(frozen=True)
class Body:
    """What a request carries: bytes, and the media type that says how to read them.

    A ``multipart/form-data`` body is several in one (SPARQL 1.1 Graph Store Protocol, section 5.5).

    >>> Body(b"", "Text/Turtle; charset=utf-8").kind
    'text/turtle'
    """

    content: bytes = b""
    media_type: str = "text/turtle"

    @property
    def kind(self) -> str:
        """The media type without its parameters."""
        return self.media_type.partition(";")[0].strip().lower()

    def parts(self) -> Iterator[Body]:
        """The bodies in this one."""
        if self.kind != "multipart/form-data":
            yield self
            return
        head = f"Content-Type: {self.media_type}\r\n\r\n".encode("latin-1", "replace")
        boundary = message_from_bytes(head).get_boundary() or ""
        if self.content.count(f"--{boundary}".encode()) > _MOST_PARTS:
            raise DataError(f"The body has more than {_MOST_PARTS:,} parts", hint="send one file")
        try:
            whole = cast(EmailMessage, message_from_bytes(head + self.content, policy=email.policy.HTTP))
        except RecursionError:
            raise DataError("The parts of the body nest too deeply", hint="send them side by side") from None
        for part in whole.iter_parts():
            yield Body(cast(bytes, part.get_payload(decode=True) or b""), part.get_content_type())


@dataclass(frozen=True)
class GraphChange:
    """What a request changes; `created` says whether the graph was not there before and is behind it."""

    diff: GroundDiff
    created: bool


def change(
    dataset: Quads, method: Method, graph: ox.NamedNode | None, body: Body | None = None
) -> GraphChange:
    """What a request would change; without `graph` it is about the graph that quads without a graph go to.

    PUT replaces the graph, POST merges into it (each with fresh blank nodes), DELETE empties it, PATCH runs a
    SPARQL update or an RDF Patch on it alone. A graph exists as long as it holds a triple.

    >>> from kb.querying.datasets import StoreQuads
    >>> put = change(StoreQuads(ox.Store()), "PUT", ox.NamedNode("urn:g"), Body(b"<urn:s> a <urn:c> ."))
    >>> len(put.diff.added), put.created
    (1, True)

    Raises NotFound for DELETE and PATCH of a named graph that is not there, Forbidden for the store's own graphs
    and for a patch that leaves its graph, UnsupportedFormat, SyntaxFault (line, column), QueryError, DataError for
    a body that names other graphs.
    """
    body = body or Body()
    place: Graph = graph or dataset.home
    dataset.check(place)
    there = place in dataset.graphs()
    if not there and place != dataset.home and method in ("DELETE", "PATCH"):
        raise NotFound(f"There is no graph {place}", hint="see kb stats for the graphs there are")
    if method == "PATCH" and body.kind == UPDATE_TYPE:
        diff = diff_of(dataset, _text(body.content), within=place)
    else:
        with Draft(dataset) as draft:
            if method == "PATCH":
                _patch(draft, place, body)
            else:
                quads = [] if method == "DELETE" else list(_quads(body, place))
                if method != "POST":
                    for quad in draft.quads(place):
                        draft.remove(quad)
                for quad in quads:
                    draft.add(stored(quad), quad)
            diff = GroundDiff(*draft.difference())
    return GraphChange(diff, created=not there and bool(diff.added))


def change_dataset(dataset: Quads, method: Method, body: Body | None = None) -> GraphChange:
    """The same for all graphs at once that may be changed; quads without a graph go to the graph of the source.

    Raises what `change` raises, but for NotFound.
    """
    body = body or Body()
    if method == "PATCH" and body.kind == UPDATE_TYPE:
        return GraphChange(diff_of(dataset, _text(body.content)), created=False)
    with Draft(dataset) as draft:
        if method == "PATCH":
            _patch(draft, None, body)
        else:
            quads = [] if method == "DELETE" else list(_quads(body, None))
            if method != "POST":
                for graph in filter(dataset.may_change, {dataset.home, *dataset.graphs()}):
                    for quad in draft.quads(graph):
                        draft.remove(quad)
            for quad in quads:
                placed = quad_in(quad.triple, dataset.home) if quad.graph_name == DEFAULT else quad
                dataset.check(placed.graph_name)
                draft.add(stored(placed), placed)
        return GraphChange(GroundDiff(*draft.difference()), created=False)


def _quads(body: Body, place: Graph | None) -> Iterator[ox.Quad]:
    """The quads of a body: those of one graph, or as they are where `place` is None."""
    for part in body.parts():
        yield from _quads_of_part(part.content, part.kind, place)


def _quads_of_part(content: bytes, kind: str, place: Graph | None) -> Iterator[ox.Quad]:
    form = ox.RdfFormat.from_media_type(kind)
    if form is None:
        raise UnsupportedFormat(
            f"'{kind}' is no media type of RDF that is read here",
            hint="send text/turtle, application/n-triples, application/ld+json or application/rdf+xml",
        )
    base = place.value if isinstance(place, ox.NamedNode) else None
    watch = Watch(form, "body")
    watch.take(content)
    try:
        parsed = ox.parse(content, format=form, base_iri=base, rename_blank_nodes=True)
        for number, quad in enumerate(watch.modest(parsed)):
            if number >= _MOST_QUADS:
                raise ResultTooLarge.changes(_MOST_QUADS)
            if place is None:
                if isinstance(quad.graph_name, ox.BlankNode):
                    raise DataError("A graph has a blank node for its name", hint="name it by an IRI")
                yield quad
                continue
            if quad.graph_name not in (DEFAULT, place):
                raise DataError(
                    f"The body names the graph {quad.graph_name}, and the request is about {place}",
                    hint="send it to the whole dataset, or load it with kb load",
                )
            yield quad_in(quad.triple, place)
    except (SyntaxError, ValueError) as fault:
        line = getattr(fault, "lineno", None)
        where = f"body, line {line}, column {getattr(fault, 'offset', 0)}" if line else "body"
        raise SyntaxFault(str(getattr(fault, "msg", None) or fault), where=where) from None
    except MemoryError:
        raise SyntaxFault("A single term or comment is longer than 16 MiB", where="body") from None


def _patch(draft: Draft, place: Graph | None, body: Body) -> None:
    """Carry out the rows of an RDF Patch in their order; a transaction that is aborted counts for nothing.

    Without `place` each row changes the graph that it names.
    """
    if body.kind != PATCH_TYPE:
        raise UnsupportedFormat(f"PATCH reads no '{body.kind}'", hint=f"send {UPDATE_TYPE} or {PATCH_TYPE}")
    prefixes: dict[str, str] = {}
    rows: list[tuple[str, ox.Quad]] = []
    fresh: dict[str, ox.BlankNode] = {}
    begun = 0
    for number, line in enumerate(_text(body.content).split("\n"), 1):
        letters, rest = line.strip().partition(" ")[::2]
        if letters in ("A", "D"):
            rows.append((letters, _row(rest, prefixes, place, number, fresh if letters == "A" else None)))
        elif letters in ("PA", "PD"):
            _prefix(prefixes, letters, rest, number)
        elif letters == "TX":
            begun = len(rows)
        elif letters == "TA":
            del rows[begun:]
        elif letters and letters not in ("H", "TC") and not letters.startswith("#"):
            raise SyntaxFault(
                f"'{letters[:20]}' begins no row of an RDF Patch",
                where=f"body, line {number}",
                hint="rows begin with H, TX, TC, TA, PA, PD, A or D",
            )
    for letters, row in rows:
        written = quad_in(row.triple, draft.base.home) if row.graph_name == DEFAULT else row
        if place is None:
            draft.base.check(written.graph_name)
        if letters == "A":
            draft.add(stored(written), written)
        else:
            draft.remove(stored(written))


def _row(
    text: str, prefixes: dict[str, str], place: Graph | None, number: int, fresh: dict | None
) -> ox.Quad:
    """A row's quad in the graph of the request, if it has one; `fresh` is None where no blank node may stand."""

    def whole(found: re.Match[str]) -> str:
        if found["prefix"] is None:
            return found[0]
        return f"<{prefixes[found['prefix']]}{found['local']}>"

    where = f"body, line {number}"
    try:
        (quad,) = ox.parse(_TERM.sub(whole, text), format=ox.RdfFormat.N_QUADS, lenient=True)
    except (SyntaxError, ValueError) as fault:
        raise SyntaxFault(f"This row is no triple or quad: {text[:120]}", where=where) from fault
    except KeyError as missing:
        raise SyntaxFault(f"The prefix {missing} is not declared", where=where, hint="add a PA row") from None
    if place is not None and quad.graph_name not in (DEFAULT, place):
        raise Forbidden(
            f"This request may change the graph {place} alone, and a row names {quad.graph_name}", where=where
        )
    ends = []
    for end in (quad.subject, quad.object):
        if isinstance(end, ox.BlankNode):
            if fresh is None:
                raise DataError(
                    "A row takes away a triple with a blank node, which has no name of its own here",
                    where=where,
                    hint="write the skolem IRI that a query shows, or send a SPARQL update with a WHERE",
                )
            end = fresh.setdefault(end.value, ox.BlankNode())
        ends.append(end)
    return ox.Quad(ends[0], quad.predicate, ends[1], quad.graph_name if place is None else place)


def _prefix(prefixes: dict[str, str], letters: str, rest: str, number: int) -> None:
    found = _PREFIX.match(rest)
    if found is None or (letters == "PA" and found["iri"] is None):
        raise SyntaxFault(f"This row declares no prefix: {rest[:120]}", where=f"body, line {number}")
    if letters == "PA":
        prefixes[found["prefix"]] = found["iri"]
    else:
        prefixes.pop(found["prefix"], None)


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as fault:
        raise SyntaxFault("The body is not UTF-8", where=f"byte {fault.start}") from None
