"""Who asks, and what they may see. No I/O.

Until roles exist there are two callers: one on this machine, who sees everything, and everybody else, who
sees public graphs.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from .faults import Misdirected

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
_FORWARDING = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


@dataclass(frozen=True)
class Caller:
    """Whoever sent a request; ``private`` is whether buyers, orders and events are theirs to see."""

    private: bool


def identify(*, bound: str, peer: str | None, headers: Mapping[str, str]) -> Caller:
    """The caller, by the address that the server is bound to and the one that asks.

    A proxy on this machine makes everybody look local, so a forwarded request counts as a foreign one.

    >>> identify(bound="127.0.0.1", peer="127.0.0.1", headers={})
    Caller(private=True)
    >>> identify(bound="127.0.0.1", peer="127.0.0.1", headers={"X-Forwarded-For": "203.0.113.9"})
    Caller(private=False)
    """
    forwarded = any(name.lower() in _FORWARDING for name in headers)
    return Caller(private=is_loopback(bound) and is_loopback(peer) and not forwarded)


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
    try:
        name = urlsplit(f"//{host or ''}").hostname or ""
    except ValueError:
        name = ""
    known = {candidate.strip("[]").lower() for candidate in (*LOOPBACK_NAMES, *names)}
    if name.lower() not in known:
        raise Misdirected(
            f"This server does not answer for the host '{host or ''}'",
            hint="open http://127.0.0.1 and the port, or start with `kb serve --host-name NAME`",
        )
