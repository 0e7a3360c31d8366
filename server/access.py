"""Who asks, and what they may do. No I/O but the look at the file of tokens.

Anonymous callers read public graphs, on loopback alone unless the server was started to be public. Everybody else
shows a token: as ``Authorization: Bearer`` for all that its role allows, or as the password of HTTP Basic, which
browsers keep after a sign-in and send by themselves; therefore Basic reads only (decision 0105).
"""

from __future__ import annotations

import base64
import ipaddress
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlsplit

from kb.conditions import Grant
from kb.errors import Forbidden
from kb.graphs import Private, is_private
from kb.tokens import Role, Token, Tokens

from .faults import Misdirected, TooManyGuesses, Unauthorised

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
SAFE = ("GET", "HEAD", "OPTIONS")
_FORWARDING = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
_MOST_PEERS = 10_000
_REMEMBERED = 64
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?")


@dataclass(frozen=True)
class Caller:
    """Whoever sent a request: which private graphs they see, and which graphs they may change (None: all).

    `browser` says that a browser sent the token by itself.
    """

    name: str = "anonymous"
    role: Role = Role.READER
    private: Private = False
    graphs: tuple[str, ...] | None = None
    browser: bool = False

    @classmethod
    def of(cls, token: Token, *, browser: bool = False) -> Caller:
        """The bearer of a token.

        >>> Caller.of(Token("1", "ann", "analyst", "", "")).private
        True
        """
        role, private = Role[token.role.upper()], True if token.graphs is None else token.graphs
        if role is Role.READER:
            private = False
        elif isinstance(private, tuple):
            private = tuple(filter(is_private, private)) or False
        return cls(token.name, role, private, token.graphs, browser)

    def __str__(self) -> str:
        return self.name

    @property
    def known(self) -> bool:
        """Whether a token was shown."""
        return self != ANONYMOUS

    @property
    def grant(self) -> Grant:
        """What they may do with graphs."""
        return Grant(self.private, self.graphs, loads=self.role is Role.ADMIN)

    def require(self, role: Role) -> None:
        """Raise Unauthorised where no token was shown, Forbidden for one of a lesser role.

        >>> Caller("ann", Role.ANALYST).require(Role.WRITER)
        Traceback (most recent call last):
        kb.errors.Forbidden: This needs the role writer, and 'ann' is an analyst. ...
        """
        if self.role >= role:
            return
        if not self.known:
            raise Unauthorised(
                f"This needs a token for the role {role.label}",
                hint=f"make one with kb token add --role {role.label}, and send it as Authorization: Bearer TOKEN",
            )
        article = "an" if self.role.label[0] in "a" else "a"
        raise Forbidden(
            f"This needs the role {role.label}, and '{self.name}' is {article} {self.role.label}",
            hint=f"ask for a token that may: kb token add --role {role.label}",
        )


ANONYMOUS = Caller()


@dataclass
class Guesses:
    """Wrong tokens by address: so many in so many seconds, then that address waits."""

    most: int = 10
    seconds: float = 60
    clock: Callable[[], float] = time.monotonic
    _wrong: OrderedDict[str, tuple[float, int]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def exhausted(self, peer: str) -> bool:
        """Whether an address has guessed too often."""
        with self._lock:
            begun, count = self._wrong.get(peer, (0.0, 0))
            return count >= self.most and self.clock() - begun < self.seconds

    def count(self, peer: str) -> None:
        """Note a wrong token."""
        with self._lock:
            begun, count = self._wrong.pop(peer, (0.0, 0))
            fresh = self.clock() - begun >= self.seconds
            self._wrong[peer] = (self.clock(), 1) if fresh else (begun, count + 1)
            while len(self._wrong) > _MOST_PEERS:
                self._wrong.popitem(last=False)


class Door:
    """Tells who a caller is. `bound` is the address that the server listens on.

    With `public`, anonymous callers from anywhere read public graphs.
    """

    def __init__(
        self, tokens: Tokens, *, bound: str, public: bool = False, guesses: Guesses | None = None
    ) -> None:
        self._tokens = tokens
        self._bound = bound
        self._public = public
        self._guesses = guesses or Guesses()
        self._seen: set[str] = set()

    def admit(self, *, peer: str | None, headers: Mapping[str, str]) -> Caller:
        """Who sent a request.

        Raises Unauthorised, TooManyGuesses.
        """
        shown = next((value for name, value in headers.items() if name.lower() == "authorization"), None)
        if shown is not None:
            return self._bearer(shown, peer or "")
        if self._public or is_local(bound=self._bound, peer=peer, headers=headers):
            return ANONYMOUS
        browser = "text/html" in headers.get("Accept", "")
        raise Unauthorised(
            "This server answers who shows a token",
            hint="send Authorization: Bearer TOKEN; kb token add makes one",
            browser=browser,
        )

    def is_near(self, peer: str | None, headers: Mapping[str, str]) -> bool:
        """Whether a request comes from this machine to a server that it alone reaches."""
        return is_local(bound=self._bound, peer=peer, headers=headers)

    def _bearer(self, shown: str, peer: str) -> Caller:
        scheme, _, given = shown.partition(" ")
        browser = scheme.lower() == "basic"
        text = _password(given) if browser else given.strip()
        # Whoever was let in before is not shut out by the guesses of a neighbour behind the same address.
        if text not in self._seen and self._guesses.exhausted(peer):
            raise TooManyGuesses(
                "Too many wrong tokens came from this address", hint="wait a minute and show the right one"
            )
        token = self._tokens.bearer(text) if scheme.lower() in ("bearer", "basic") else None
        if token is None:
            self._seen.discard(text)
            self._guesses.count(peer)
            raise Unauthorised(
                "This token is not known here, or its time is over",
                hint="show another one; kb token list names those that there are",
                browser=browser,
            )
        self._seen.add(text)
        return Caller.of(token, browser=browser)


def is_local(*, bound: str, peer: str | None, headers: Mapping[str, str]) -> bool:
    """Whether a request comes from this machine to a server that only this machine reaches.

    A proxy on this machine makes everybody look local, so a forwarded request counts as a foreign one.

    >>> is_local(bound="127.0.0.1", peer="127.0.0.1", headers={})
    True
    >>> is_local(bound="127.0.0.1", peer="127.0.0.1", headers={"X-Forwarded-For": "203.0.113.9"})
    False
    """
    forwarded = any(name.lower() in _FORWARDING for name in headers)
    return is_loopback(bound) and is_loopback(peer) and not forwarded


@lru_cache(_REMEMBERED)
def is_loopback(address: str | None) -> bool:
    """Whether an address or the name localhost is this machine alone.

    >>> is_loopback("::1"), is_loopback("127.8.9.1"), is_loopback("0.0.0.0"), is_loopback(None)
    (True, True, False, False)
    """
    if address == "localhost":
        return True
    try:
        parsed = ipaddress.ip_address((address or "").strip("[]"))
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return (mapped or parsed).is_loopback


def check_host(host: str | None, *, names: Collection[str] = ()) -> None:
    """Refuse a request for another machine.

    A foreign site may have bound its own name to this address, so that its pages could read ours.

    Raises Misdirected.

    >>> check_host("localhost:7878"), check_host("kb.example.org", names=["kb.example.org"])
    (None, None)
    """
    found = _HOST.fullmatch(host or "")
    known = {candidate.strip("[]").lower() for candidate in (*LOOPBACK_NAMES, *names)}
    if not found or found["name"].strip("[]").lower() not in known:
        raise Misdirected(
            f"This server does not answer for the host '{host or ''}'",
            hint="open http://127.0.0.1 and the port, or start with `kb serve --host-name NAME`",
        )


def check_origin(
    method: str, *, host: str, origin: str | None, site: str | None, allowed: Collection[str] = ()
) -> None:
    """Refuse what a page of another site sends here: a form, a script. `site` is the header Sec-Fetch-Site.

    `allowed` are origins whose pages may ask; they don't write either, see `may_write`.

    Raises Forbidden.

    >>> check_origin("POST", host="localhost:7878", origin="http://localhost:7878", site="same-origin")
    """
    if method in SAFE or origin in allowed:
        return
    if origin is None:
        foreign = site in ("cross-site", "same-site")
    else:
        foreign = urlsplit(origin).netloc.lower() != host.lower()
    if foreign:
        raise Forbidden(
            f"A page of another site ({origin or site}) may not send this",
            hint="send it without a browser, or allow that site to ask: kb serve --allow-origin ORIGIN",
        )


def check_write(caller: Caller, *, host: str, origin: str | None) -> None:
    """Refuse a change by somebody who may not write, or by what a browser sends on its own account.

    Raises Unauthorised, Forbidden.
    """
    caller.require(Role.WRITER)
    if caller.browser:
        raise Forbidden(
            "A browser's sign-in reads, it does not write", hint="send Authorization: Bearer TOKEN instead"
        )
    if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
        raise Forbidden("A page of another site may ask here, but not write", hint="write without a browser")


def _password(given: str) -> str:
    """The password of HTTP Basic; the user's name does not matter."""
    try:
        return base64.b64decode(given.strip(), validate=True).decode().partition(":")[2]
    except ValueError:
        return ""
