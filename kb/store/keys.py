"""The keys of buyers: a SQLite file beside the journal, never in it. Destroying a key forgets its buyer's rows."""

from __future__ import annotations

import hashlib
import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ..errors import NotFound, StoreDamaged

COMMON = ""
"""The name of the key for rows that belong to no buyer, or to several."""
KEY_BYTES = 32
_AT_ONCE = 500
_TABLES = """
CREATE TABLE IF NOT EXISTS salt (salt BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS key (id BLOB PRIMARY KEY, buyer TEXT NOT NULL UNIQUE, secret BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS destroyed (id BLOB PRIMARY KEY, buyer BLOB NOT NULL, time TEXT NOT NULL);
"""


@dataclass(frozen=True)
class Key:
    """A secret and the name that sealed rows know it by; the name says nothing about the buyer."""

    id: bytes
    secret: bytes


@dataclass(frozen=True)
class Destroyed:
    """A key that was destroyed; `buyer` is a salted hash of the buyer's IRI, hexadecimal."""

    id: bytes
    buyer: str
    time: str


class Keys:
    """The keys of a store, in a file that its owner alone may read; buyers are named by IRI."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()

    def key(self, buyer: str) -> bytes:
        """A buyer's secret, made where there is none."""
        return self.of([buyer])[buyer].secret

    def of(self, buyers: Iterable[str]) -> dict[str, Key]:
        """The keys of many buyers; those that are missing are made, and are on disk when this returns."""
        wanted = list(dict.fromkeys(buyers))
        with self._open() as database:
            found = dict(self._select(database, "buyer", wanted))
            missing = [one for one in wanted if one not in found]
            made = {one: Key(secrets.token_bytes(16), secrets.token_bytes(KEY_BYTES)) for one in missing}
            rows = [(key.id, buyer, key.secret) for buyer, key in made.items()]
            database.executemany("INSERT INTO key VALUES (?, ?, ?)", rows)
            return found | made

    def known(self, ids: Iterable[bytes]) -> dict[bytes, bytes]:
        """The secrets of those keys that are there, by id."""
        if not self.path.exists():
            return {}
        with self._open(write=False) as database:
            return {key.id: key.secret for _, key in self._select(database, "id", list(dict.fromkeys(ids)))}

    def destroy(self, buyer: str) -> Destroyed:
        """Destroy a buyer's key for ever: what was sealed with it can't be read any more.

        Raises NotFound where the buyer has none.
        """
        with self._open() as database:
            row = database.execute("SELECT id FROM key WHERE buyer = ?", [buyer]).fetchone()
            if row is None or buyer == COMMON:
                raise NotFound(
                    f"There is no key of {buyer}", hint="no private row of this buyer was journalled"
                )
            salt = database.execute("SELECT salt FROM salt").fetchone()[0]
            time = datetime.now(UTC).isoformat(timespec="seconds")
            gone = Destroyed(row[0], _hash(buyer, salt), time)
            database.execute("DELETE FROM key WHERE id = ?", [gone.id])
            database.execute("INSERT INTO destroyed VALUES (?, ?, ?)", [gone.id, gone.buyer, gone.time])
            return gone

    def destroyed(self) -> list[Destroyed]:
        """The keys that were destroyed, in the order of time."""
        if not self.path.exists():
            return []
        with self._open(write=False) as database:
            return [Destroyed(*row) for row in database.execute("SELECT * FROM destroyed ORDER BY time")]

    def is_destroyed(self, buyer: str) -> bool:
        """Whether a buyer was forgotten; one that came back later has a new key and was forgotten all the same."""
        if not self.path.exists():
            return False
        with self._open(write=False) as database:
            salt = database.execute("SELECT salt FROM salt").fetchone()[0]
            query = "SELECT 1 FROM destroyed WHERE buyer = ?"
            return database.execute(query, [_hash(buyer, salt)]).fetchone() is not None

    @contextmanager
    def _open(self, *, write: bool = True) -> Iterator[sqlite3.Connection]:
        """A connection of one's own; what is written through it is one transaction, on disk at its end."""
        try:
            database = (
                self._writable() if write else sqlite3.connect(f"{self.path.as_uri()}?mode=ro", uri=True)
            )
        except (OSError, sqlite3.Error) as error:
            raise self._unreadable(error) from None
        try:
            yield database
            if write:
                database.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            raise self._unreadable(error) from None
        finally:
            database.close()

    def _writable(self) -> sqlite3.Connection:
        if not self.path.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o600))
        database = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        database.execute("PRAGMA secure_delete = ON")
        database.execute("PRAGMA synchronous = EXTRA")
        if not database.execute("SELECT 1 FROM sqlite_master").fetchone():
            database.executescript(_TABLES)
        database.execute("BEGIN IMMEDIATE")
        if not database.execute("SELECT 1 FROM salt").fetchone():
            database.execute("INSERT INTO salt VALUES (?)", [secrets.token_bytes(16)])
        return database

    def _unreadable(self, error: Exception) -> StoreDamaged:
        return StoreDamaged(
            f"The file of keys can't be used: {error}",
            where=str(self.path),
            hint="look who may read it, or put it back from a backup",
        )

    @staticmethod
    def _select(
        database: sqlite3.Connection, column: str, values: Sequence[str | bytes]
    ) -> Iterator[tuple[str, Key]]:
        for begin in range(0, len(values), _AT_ONCE):
            some = values[begin : begin + _AT_ONCE]
            marks = ",".join("?" * len(some))
            query = f"SELECT buyer, id, secret FROM key WHERE {column} IN ({marks})"
            for buyer, identifier, secret in database.execute(query, some):
                yield buyer, Key(identifier, secret)


def _hash(buyer: str, salt: bytes) -> str:
    return hashlib.blake2b(buyer.encode(), key=salt, digest_size=16).hexdigest()
