"""Where a store's core listens, and who may talk to it.

The socket lies in a temporary folder that only its owner may enter; the file ``core`` in the store names it and
itself, by its inode, so that a copy of the store leads to no core. It is locked by whoever keeps a core running.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import socket
import struct
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FILE = "core"
_BACKLOG = 128


@dataclass(frozen=True)
class Peer:
    """The process at the other end of a Unix socket; None for what the system does not tell."""

    process: int | None
    user: int | None

    @classmethod
    def of(cls, connection: socket.socket) -> Peer:
        """Who it is by the kernel's word; on macOS the folder's mode alone guards the socket."""
        if not hasattr(socket, "SO_PEERCRED"):
            return cls(None, None)
        size = struct.calcsize("3i")
        process, user, _ = struct.unpack(
            "3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        )
        return cls(process, user)

    @property
    def trusted(self) -> bool:
        """Whether it is the same user's: messages are pickles, and a pickle can do whatever its sender likes."""
        return self.user in (None, os.getuid())


@contextlib.contextmanager
def claimed(store: Path) -> Iterator[bool]:
    """Be the one who keeps a core of the store running; False where another one does.

    Raises OSError where the store's folder can't be written.
    """
    with (store / FILE).open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@contextlib.contextmanager
def listening(store: Path) -> Iterator[socket.socket]:
    """A socket that listens for the store's clients, gone at the end; what a dead core has left is removed.

    Raises OSError.
    """
    _clear(_named(store))
    place = Path(tempfile.mkdtemp(prefix="commerce-kb-")) / "socket"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(place))
            place.chmod(0o600)
            listener.listen(_BACKLOG)
            with (store / FILE).open("w", encoding="utf-8") as named:
                named.write(f"{place}\n{os.fstat(named.fileno()).st_ino}")
            yield listener
    finally:
        shutil.rmtree(place.parent, ignore_errors=True)
        with contextlib.suppress(OSError):
            if _named(store) == place:
                (store / FILE).write_text("", encoding="utf-8")


def connected(store: Path) -> socket.socket | None:
    """A connection to the store's core; None where none listens, or it is another user's."""
    place = _named(store)
    if place is None:
        return None
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(str(place))
    except OSError:
        connection.close()
        return None
    if not Peer.of(connection).trusted:
        connection.close()
        return None
    return connection


def _named(store: Path) -> Path | None:
    """The socket that the store's file names; a copied file names that of another store, so none."""
    try:
        with (store / FILE).open(encoding="utf-8") as named:
            place, _, inode = named.read().rpartition("\n")
            ours = inode == str(os.fstat(named.fileno()).st_ino)
    except OSError:
        return None
    return Path(place) if ours else None


def _clear(place: Path | None) -> None:
    """Remove a dead core's socket and its folder, and nothing else."""
    with contextlib.suppress(OSError):
        if place and place.is_socket():
            place.unlink()
            place.parent.rmdir()
