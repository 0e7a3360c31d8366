"""Tokens: who may use a store's server, and what for. The file holds hashes alone.

    ckb_<8 hex digits: which token>_<43 letters: 256 random bits>

A secret so long can't be guessed, so one round of SHA-256 hides it as well as a slow hash would, and a wrong token
costs the server no time (decision 0104).
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from pathlib import Path

from .errors import NotFound, StoreDamaged, StoreMissing, UsageError
from .graphs import is_own

FILE = "tokens.json"
_TOKEN = re.compile(r"ckb_([0-9a-f]{8})_([A-Za-z0-9_-]{43})")
_NAME = re.compile(r"[\w][\w.@ -]{0,63}")
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^<>\"{}|^`\\\x00-\x20]+")
_LIFETIME = re.compile(r"(\d{1,5})([hd])")


class Role(IntEnum):
    """What a token's bearer may do; each role may do what those before it may.

    A reader sees public graphs, an analyst private ones too, a writer commits, an admin has LOAD read files, ends
    queries and does maintenance.
    """

    READER = 1
    ANALYST = 2
    WRITER = 3
    ADMIN = 4

    @property
    def label(self) -> str:
        """The name for people.

        >>> Role.ANALYST.label
        'analyst'
        """
        return self.name.lower()


@dataclass(frozen=True)
class Token:
    """One token as it is kept. `graphs` are the private graphs it opens and the graphs it may change, None: all.

    `created` and `expires` are times of ISO 8601, `hash` is SHA-256 of the whole token in hexadecimal.
    """

    id: str
    name: str
    role: str
    created: str
    hash: str
    graphs: tuple[str, ...] | None = None
    expires: str | None = None

    def expired(self, now: datetime | None = None) -> bool:
        """Whether its time is over."""
        return self.expires is not None and datetime.fromisoformat(self.expires) <= (now or datetime.now(UTC))

    def __str__(self) -> str:
        graphs = "" if self.graphs is None else f"  for {' '.join(self.graphs)}"
        until = f"  until {self.expires[:16]}" if self.expires else ""
        return f"{self.id}  {self.role:<8}{self.name}{until}{graphs}{'  (expired)' * self.expired()}"


class Tokens:
    """The tokens of a store's folder."""

    def __init__(self, store: Path) -> None:
        self._folder = store
        self._path = store / FILE
        self._read: tuple[tuple[int, int, int], dict[str, Token]] | None = None

    def all(self) -> list[Token]:
        """All tokens, oldest first, those that are expired too.

        Raises StoreDamaged for a file that can't be read.
        """
        return list(self._known().values())

    def add(
        self,
        role: Role,
        *,
        name: str = "",
        graphs: Sequence[str] = (),
        expires: str | None = None,
        replacing: bool = False,
    ) -> tuple[str, Token]:
        """Make a token; gives the text to hand out, which is nowhere kept, and what is kept of it.

        `expires` is a date, a time, or a time from now: ``30d``, ``12h``. With `replacing`, tokens of the same name go.
        Raises StoreMissing, UsageError.
        """
        if not self._folder.is_dir():
            raise StoreMissing(
                f"There is no store at {self._folder}", hint="make one with kb load FILE or kb demo"
            )
        if name and not _NAME.fullmatch(name):
            raise UsageError(
                f"'{name}' can't be the name of a token",
                hint="use up to 64 letters, digits, '.', '-', '@', ' '",
            )
        if graphs and role in (Role.READER, Role.ADMIN):
            raise UsageError(
                f"A token for the role {role.label} can't be bound to graphs",
                hint="a reader sees all public graphs and an admin all; name graphs for an analyst or a writer",
            )
        for graph in graphs:
            if not _IRI.fullmatch(graph) or is_own(graph):
                raise UsageError(
                    f"<{graph}> can't be given to a token",
                    hint="name graphs of data by their IRIs; kb stats lists them",
                )
        id = secrets.token_hex(4)
        text = f"ckb_{id}_{secrets.token_urlsafe(32)}"
        made = Token(
            id,
            name or id,
            role.label,
            datetime.now(UTC).isoformat(timespec="seconds"),
            _hashed(text),
            tuple(sorted(set(graphs))) or None,
            _moment(expires) if expires else None,
        )
        with self._changing() as tokens:
            for other in [one for one in tokens.values() if one.name == made.name]:
                if not replacing:
                    raise UsageError(
                        f"There is a token of the name '{name}'",
                        hint=f"remove it first: kb token remove {other.id}",
                    )
                del tokens[other.id]
            tokens[id] = made
        return text, made

    def remove(self, reference: str) -> Token:
        """Remove a token by its id or name; the server refuses it from its next request on.

        Raises NotFound.
        """
        with self._changing() as tokens:
            for one in tokens.values():
                if reference in (one.id, one.name):
                    return tokens.pop(one.id)
        raise NotFound(f"There is no token '{reference}'", hint="kb token list shows them")

    def bearer(self, text: str) -> Token | None:
        """The token that a text is, None where it is none or expired; in the same time for each wrong one."""
        found = _TOKEN.fullmatch(text)
        known = self._known().get(found[1]) if found else None
        right = hmac.compare_digest(_hashed(text), known.hash if known else "0" * 64)
        return known if known is not None and right and not known.expired() else None

    @property
    def usable(self) -> bool:
        """Whether there is a token that is not expired."""
        return any(not one.expired() for one in self.all())

    def _known(self) -> dict[str, Token]:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return {}
        mark = (found.st_mtime_ns, found.st_ino, found.st_size)
        if self._read is None or self._read[0] != mark:
            self._read = (mark, self._loaded())
        return self._read[1]

    def _loaded(self) -> dict[str, Token]:
        try:
            listed = json.loads(self._path.read_text(encoding="utf-8"))["tokens"]
            tokens = [
                replace(one, graphs=one.graphs and tuple(one.graphs))
                for one in (Token(**row) for row in listed)
            ]
            for one in tokens:
                Role[one.role.upper()]
                one.expired()
        except (ValueError, KeyError, TypeError, OSError) as fault:
            raise StoreDamaged(
                f"The tokens can't be read: {fault}",
                where=str(self._path),
                hint="remove the file and make the tokens anew with kb token add",
            ) from None
        return {one.id: one for one in tokens}

    @contextlib.contextmanager
    def _changing(self) -> Iterator[dict[str, Token]]:
        """The tokens, to be changed; written at the end by one rename, readable for their owner alone."""
        lock = os.open(self._folder, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            tokens = dict(self._known())
            yield tokens
            draft = self._path.with_name(f".{FILE}")
            draft.unlink(missing_ok=True)
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as sink:
                json.dump({"tokens": [asdict(one) for one in tokens.values()]}, sink, indent=1)
                sink.flush()
                os.fsync(sink.fileno())
            draft.rename(self._path)
        finally:
            os.close(lock)


def role_of(name: str) -> Role:
    """The role of a name.

    >>> role_of("writer") > role_of("reader")
    True

    Raises UsageError.
    """
    try:
        return Role[name.upper()]
    except KeyError:
        raise UsageError(
            f"There is no role '{name}'", hint=f"choose one of {', '.join(one.label for one in Role)}"
        ) from None


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _moment(text: str) -> str:
    """A time of ISO 8601 with its zone, from a date, a time or a lifetime."""
    lifetime = _LIFETIME.fullmatch(text.strip())
    if lifetime:
        span = timedelta(hours=int(lifetime[1])) if lifetime[2] == "h" else timedelta(days=int(lifetime[1]))
        return (datetime.now(UTC) + span).isoformat(timespec="seconds")
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(
            f"'{text}' is no time", hint="write it as 30d, 12h, 2026-12-31 or 2026-12-31T18:00"
        ) from None
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    if found <= datetime.now(UTC):
        raise UsageError(f"{text} is over already", hint="name a later time")
    return found.isoformat(timespec="seconds")
