"""Foreign vocabularies to the ontology: rules in SPARQL (kb/queries/crosswalk/), run in order over a feed's quads."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pyoxigraph as ox
import zstandard

from ..errors import NotFound, SourceError, SyntaxFault
from ..formats import STANDARD_INPUT
from ..graphs import GENID
from .rdf import open_source

_RULES = Path(__file__).parent.parent / "queries" / "crosswalk"
_SCRATCH = "urn:crosswalk:"
_SCHEMA = re.compile(r"https?://(www\.)?schema\.org/?")
_VOCABULARY = {"@vocab": "https://schema.org/"}


def crosswalk(quads: Iterable[ox.Quad], vocabulary: str = "schemaorg") -> Iterator[ox.Triple]:
    """What the quads of a feed say, in terms of the ontology; a rule reads what the rules before it made.

    >>> product = ox.NamedNode("https://shop.example/1")
    >>> feed = [ox.Quad(product, ox.NamedNode(f"https://schema.org/{name}"), ox.Literal(value))
    ...         for name, value in (("name", "Red lipstick"), ("sku", "L1"))]
    >>> kind = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
    >>> feed.append(ox.Quad(product, kind, ox.NamedNode("https://schema.org/Product")))
    >>> "<https://w3id.org/commerce-kb/id/sku/L1>" in {str(triple.subject) for triple in crosswalk(feed)}
    True

    Raises NotFound where there are no rules for the vocabulary.
    """
    rules = sorted(_RULES.glob(f"{vocabulary}-*.rq"))
    if not rules:
        raise NotFound(f"There is no crosswalk for '{vocabulary}'", hint="see kb/queries/crosswalk")
    store = ox.Store()
    store.extend(_in_default_graph(quad) for quad in quads)
    seen: set[ox.Triple] = set()
    for rule in rules:
        made = store.query(rule.read_text("utf-8"))
        assert isinstance(made, ox.QueryTriples)
        for triple in list(made):
            store.add(ox.Quad(triple.subject, triple.predicate, triple.object))
            if triple not in seen and not triple.predicate.value.startswith(_SCRATCH):
                seen.add(triple)
                yield triple


def read_feed(path: Path, *, progress: Callable[[int], None] | None = None) -> list[ox.Quad]:
    """The quads of a schema.org feed in JSON-LD, packed or not; its context is known here: nothing is fetched.

    Raises SourceError for an unreadable file, SyntaxFault for what is not JSON-LD.
    """
    base = GENID if path.name == STANDARD_INPUT.name else path.absolute().as_uri()
    try:
        with open_source(path, progress=progress) as source:
            document = json.loads(source.read().decode("utf-8-sig"))
        text = json.dumps(_local(document))
        return list(ox.parse(text, format=ox.RdfFormat.JSON_LD, base_iri=base, rename_blank_nodes=True))
    except json.JSONDecodeError as fault:
        raise SyntaxFault(f"Not JSON: {fault.msg}", where=f"{path}, line {fault.lineno}") from None
    except UnicodeDecodeError:
        raise SourceError("The file is not UTF-8", where=str(path), hint="convert it with iconv") from None
    except (OSError, EOFError, zlib.error, zstandard.ZstdError) as fault:
        raise SourceError(f"The feed can't be decompressed or read: {fault}", where=str(path)) from None
    except SyntaxError as fault:
        raise SyntaxFault(f"Not JSON-LD: {fault.msg}", where=str(path)) from None


def _local(value: object) -> object:
    """The document with schema.org's context replaced by its vocabulary."""
    if isinstance(value, list):
        return [_local(each) for each in value]
    if isinstance(value, dict):
        return {name: _context(each) if name == "@context" else _local(each) for name, each in value.items()}
    return value


def _context(value: object) -> object:
    if isinstance(value, list):
        return [_context(each) for each in value]
    return _VOCABULARY if isinstance(value, str) and _SCHEMA.fullmatch(value) else value


def _in_default_graph(quad: ox.Quad) -> ox.Quad:
    """The quad without its graph, with one spelling of schema.org's namespace."""
    predicate = ox.NamedNode(_SCHEMA.sub("https://schema.org/", quad.predicate.value))
    value = quad.object
    if isinstance(value, ox.NamedNode):
        value = ox.NamedNode(_SCHEMA.sub("https://schema.org/", value.value))
    return ox.Quad(quad.subject, predicate, value)
