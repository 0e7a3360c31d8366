"""What client and core say to each other: dataclasses, pickled, in the frames of `multiprocessing.connection`."""

from __future__ import annotations

import copyreg
import io
import pickle
from dataclasses import dataclass, field
from importlib.metadata import version
from multiprocessing.connection import Connection
from typing import Any

import pyoxigraph as ox


@dataclass(frozen=True)
class Hello:
    """The core's first word: it takes requests; `version` is that of its program."""

    process: int
    version: str = field(default_factory=lambda: version("commerce-kb"))


@dataclass(frozen=True)
class Request:
    """A verb by its name with its arguments by theirs; with `progress` the client wants to hear how far it is."""

    verb: str
    arguments: dict[str, Any]
    author: str
    progress: bool = False


@dataclass(frozen=True)
class Progress:
    """Bytes read since the last word about it."""

    bytes: int


@dataclass(frozen=True)
class Cancel:
    """The client wants no answer any more."""


@dataclass(frozen=True)
class Answer:
    """What the verb gave."""

    value: Any


@dataclass(frozen=True)
class Failure:
    """What the verb raised."""

    error: Exception


def send(connection: Connection, message: object) -> None:
    """Send a message.

    Raises OSError when the other end is gone; TypeError, AttributeError or pickle.PicklingError, before a byte
    left, for what can't be pickled.
    """
    text = io.BytesIO()
    pickler = pickle.Pickler(text, pickle.HIGHEST_PROTOCOL)
    # Oxigraph's formats can't pickle themselves.
    pickler.dispatch_table = {
        **copyreg.dispatch_table,
        ox.RdfFormat: lambda form: (ox.RdfFormat.from_media_type, (form.media_type,)),
    }
    pickler.dump(message)
    connection.send_bytes(text.getbuffer())


def receive(connection: Connection) -> Any:
    """The next message.

    Raises EOFError or OSError when the other end is gone.
    """
    return pickle.loads(connection.recv_bytes())
