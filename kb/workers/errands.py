"""What a worker is asked, and the frames in which it answers."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from multiprocessing.connection import Connection
from typing import Any

from ..graphs import Private
from ..querying.run import Dataset


@dataclass(frozen=True)
class Query:
    """A query on a snapshot, its answer written in a format: json, xml, csv, tsv, or ttl, nt, jsonld, rdf.

    An answer of more than `rows` rows or `bytes` bytes is a fault.
    """

    snapshot: str
    text: str
    format: str
    dataset: Dataset = field(default_factory=Dataset)
    rows: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class Heading:
    """A query on a snapshot; of its answer the first rows (`shown` of them) and the number of all."""

    snapshot: str
    text: str
    shown: int
    dataset: Dataset = field(default_factory=Dataset)
    rows: int = 0


@dataclass(frozen=True)
class Head:
    """The first rows of an answer, and how many there are; a truth value has neither names nor rows."""

    names: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    count: int
    truth: bool | None = None


@dataclass(frozen=True)
class Call:
    """A reading verb of the facade by its name, on the newest commit or a `past` one.

    Its arguments and its value can be pickled. The verb ``at`` brings a commit back, and has no value.
    """

    verb: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    past: str | None = None


@dataclass(frozen=True)
class Dump:
    """What is asserted in a snapshot, all of it or one graph, in an RDF syntax (ttl, nt, jsonld, rdf, nq, trig).

    With `empty` a graph that is not there is an empty one.
    """

    snapshot: str
    format: str
    graph: str | None = None
    private: Private = True
    empty: bool = False


@dataclass(frozen=True)
class Patches:
    """The commits behind number `begin` up to `last`, as RDF Patches."""

    begin: int
    last: int
    private: Private = True


@dataclass(frozen=True)
class Changed:
    """What one commit changed, or with `before` the net difference of two commits' states (None for the newest one).

    As an RDF Patch; with `shown` as a JSON document of the first quads (so many each way).
    """

    after: str | None
    before: str | None = None
    shown: int | None = None
    private: Private = True


DEFAULT_ENGINE = "oxigraph"
Errand = Query | Heading | Call | Dump | Patches | Changed


class Kind(bytes, Enum):
    """The first byte of a frame from a worker."""

    READY = b"H"
    PREPARING = b"P"
    """A view is being made that others will use too: the clock stands still until PREPARED."""
    PREPARED = b"R"
    ENGINE = b"E"
    """The name of the engine that answers, where it is not the default one."""
    DATA = b"D"
    LAST = b"L"
    """The rest of the data: the answer is whole."""
    VALUE = b"V"
    FAULT = b"F"


def send(connection: Connection, kind: Kind, payload: bytes | bytearray = b"") -> None:
    """Send one frame."""
    connection.send_bytes(kind.value + payload)


def send_pickled(connection: Connection, kind: Kind, value: object) -> None:
    """Send an object in one frame.

    Raises TypeError, AttributeError or pickle.PicklingError, before a byte left, for what can't be pickled.
    """
    send(connection, kind, pickle.dumps(value, pickle.HIGHEST_PROTOCOL))
