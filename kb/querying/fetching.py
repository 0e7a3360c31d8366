"""Documents from other machines, for LOAD: from listed addresses alone, wherever names and redirects lead.

The name is resolved here, the address it stands for is judged, and the connection goes to that very address: a name
that means another machine a moment later changes nothing.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import SplitResult, urljoin, urlsplit

import pyoxigraph as ox

from ..errors import Forbidden, SourceError, UnsupportedFormat

_PORTS = {"http": 80, "https": 443}
_REDIRECTS = 5
_SECONDS = 60.0
_IDLE_SECONDS = 10.0
_MOST_BYTES = 100_000_000
_PIECE = 1 << 16
_ACCEPT = (
    "application/n-quads, application/n-triples, text/turtle, application/ld+json, application/rdf+xml;q=0.9"
)
# IPv4 addresses within IPv6 ones, as a translator on the way reads them.
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class Place:
    """Where a document lies: a host by its name or number, a port, and what is asked for there."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def of(cls, iri: str) -> Place | None:
        """The place of an http or https address; None for any other, and for one written to be misread.

        >>> Place.of("https://Example.org/a?b").path
        '/a?b'
        >>> Place.of("http://example.org@127.0.0.1/"), Place.of("file:///etc/passwd")
        (None, None)
        """
        try:
            parts = urlsplit(iri)
            port = parts.port or _PORTS.get(parts.scheme, 0)
        except ValueError:
            return None
        if not port or not parts.hostname or "@" in parts.netloc or _winding(parts):
            return None
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(parts.scheme, parts.hostname.rstrip("."), port, path)

    def lies_below(self, other: Place) -> bool:
        """Whether it is of the same host and port, and below the path."""
        same = (self.scheme, self.host, self.port) == (other.scheme, other.host, other.port)
        above = other.path if other.path.endswith("/") else f"{other.path}/"
        return same and (self.path == other.path or self.path.startswith(above))


@dataclass(frozen=True)
class Listed:
    """The addresses that LOAD may fetch, and what lies below them."""

    places: tuple[Place, ...]

    @classmethod
    def of(cls, addresses: Iterable[str]) -> Listed:
        """Those of the settings; what is no http or https address is left out."""
        return cls(tuple(filter(None, map(Place.of, addresses))))

    def check(self, iri: str) -> tuple[Place, Address]:
        """The place of an address, and the machine that is to be asked.

        Raises Forbidden, SourceError for a name that nobody knows.
        """
        place = Place.of(iri)
        if place is None or not any(map(place.lies_below, self.places)):
            raise _refusal(iri, "it is not listed")
        try:
            found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as fault:
            raise SourceError(f"'{place.host}' is not found: {fault}", where=iri) from None
        machines = [ipaddress.ip_address(one[4][0].partition("%")[0]) for one in found]  # type: ignore[union-attr]
        for machine in machines:
            if not is_public(machine) and str(machine) != place.host:
                raise _refusal(iri, f"'{place.host}' stands for {machine}, which is no public address")
        return place, machines[0]


def is_public(address: Address) -> bool:
    """Whether an address is one of the Internet at large, in whatever form it is written.

    >>> [is_public(ipaddress.ip_address(one)) for one in ("93.184.215.14", "169.254.169.254", "::ffff:10.0.0.1")]
    [True, False, False]
    """
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if address in _TRANSLATED:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None and not is_public(inner):
            return False
    return address.is_global and not address.is_multicast


@contextlib.contextmanager
def fetched(iri: str, listed: Listed) -> Iterator[Path]:
    """A document as a file, as long as the context.

    Raises Forbidden for an address or a redirect that is not listed or stands for a machine nearby, SourceError for
    what can't be fetched or is too much, UnsupportedFormat.
    """
    until = time.monotonic() + _SECONDS
    at = iri
    for _ in range(_REDIRECTS + 1):
        place, machine = listed.check(at)
        with contextlib.closing(_Connection(place, machine)) as connection:
            try:
                connection.request(
                    "GET", place.path, headers={"Accept": _ACCEPT, "Accept-Encoding": "identity"}
                )
                answer = connection.getresponse()
                if answer.status in (301, 302, 303, 307, 308) and (further := answer.headers["Location"]):
                    at = urljoin(at, further)
                    continue
                if answer.status != 200:
                    raise SourceError(f"It was answered with {answer.status}", where=at)
                with tempfile.TemporaryDirectory(prefix="kb-fetched-") as folder:
                    file = Path(folder) / f"document.{_extension(answer, place, at)}"
                    with file.open("wb") as sink:
                        _copy(answer, sink, at, until)
                    yield file
                    return
            except (OSError, http.client.HTTPException) as fault:
                raise SourceError(f"It can't be fetched: {fault}", where=at) from None
    raise SourceError(f"It redirects more than {_REDIRECTS} times", where=iri)


class _Connection(http.client.HTTPConnection):
    """A connection to the machine that was judged, whatever its name may mean by now."""

    def __init__(self, place: Place, machine: Address) -> None:
        super().__init__(place.host, place.port, timeout=_IDLE_SECONDS)
        self._place = place
        self._machine = machine
        self.default_port = _PORTS[place.scheme]  # type: ignore[misc]

    def connect(self) -> None:
        self.sock = socket.create_connection((str(self._machine), self._place.port), _IDLE_SECONDS)
        if self._place.scheme == "https":
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self._place.host)


def _copy(answer: http.client.HTTPResponse, sink: IO[bytes], at: str, until: float) -> None:
    size = 0
    while piece := answer.read1(_PIECE):
        size += len(piece)
        if size > _MOST_BYTES:
            raise SourceError(f"It is longer than {_MOST_BYTES:,} bytes", where=at)
        if time.monotonic() > until:
            raise SourceError(f"It takes longer than {_SECONDS:g} seconds", where=at)
        sink.write(piece)


def _extension(answer: http.client.HTTPResponse, place: Place, at: str) -> str:
    kind = answer.headers.get_content_type()
    form = ox.RdfFormat.from_media_type(kind)
    if form is None:
        form = ox.RdfFormat.from_extension(place.path.partition("?")[0].rpartition(".")[2])
    if form is None or form == ox.RdfFormat.N3:
        raise UnsupportedFormat(f"'{kind}' is no media type of RDF that is read here", where=at)
    return form.file_extension


def _winding(parts: SplitResult) -> bool:
    """Whether a path goes up again, or is written so that two readers read it differently."""
    path = parts.path.lower()
    odd = ("\\", "%2e", "%2f", "%5c", "%00", "//")
    return any(one in path for one in odd) or ".." in path.split("/")


def _refusal(iri: str, why: str) -> Forbidden:
    return Forbidden(
        f"LOAD may not fetch <{iri}>: {why}",
        where="load_addresses in kb.toml",
        hint="list the beginning of an https: address there, or load the file with kb load",
    )
