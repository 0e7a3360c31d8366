"""Whole answers as they were sent, for the request that comes again word by word before the next commit.

Only answers that public graphs alone decide are kept: their callers showed no token, so that nobody can get by this
way what is kept from them. An answer is found by the bytes of its request and the address of who sent it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gunicorn.util import http_date

# Of one answer, of what one process keeps, and what an answer takes beside its bytes.
LONGEST = 65_536
_MOST = 32 << 20
_OVERHEAD = 2_000

Pointer = tuple[int, int, int]
Key = tuple[str, bytes]


@dataclass(frozen=True)
class Kept:
    """An answer in two parts, between which its time goes; `again` is told the seconds that each repetition took."""

    pointer: Pointer
    before: bytes
    after: bytes
    again: Callable[[float], None]

    def now(self) -> bytes:
        """The answer, as of now."""
        return b"%b%b%b" % (self.before, http_date().encode("ascii"), self.after)


class Answers:
    """The answers that one HTTP process keeps, those asked for last; `most` bytes of them."""

    def __init__(self, store: Path, *, most: int = _MOST) -> None:
        self._place = store / "CURRENT"
        self._most = most
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def pointer(self) -> Pointer:
        """What tells one state of the store from another; each commit puts a new file in its place."""
        found = self._place.stat()
        return found.st_ino, found.st_mtime_ns, found.st_size

    def find(self, key: Key) -> Kept | None:
        """The answer to a request, if no commit has come since."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                return None
            if kept.pointer != self.pointer():
                self._drop(key)
                return None
            self._kept.move_to_end(key)
            return kept

    def keep(
        self, key: Key, pointer: Pointer, sent: Sequence[bytes], *, again: Callable[[float], None]
    ) -> None:
        """Keep what was sent, if it is an answer of known length; `pointer` is that of before its evaluation."""
        answer = b"".join(sent)
        head, end, body = answer.partition(b"\r\n\r\n")
        before, date, rest = head.partition(b"\r\nDate: ")
        if not date or b"\r\nContent-Length: %d" % len(body) not in head or len(answer) > LONGEST:
            return
        _, line, after = rest.partition(b"\r\n")
        with self._lock:
            self._drop(key)
            last = b"\r\nX-Cache: hit" + line + after + end + body
            self._kept[key] = Kept(pointer, before + date, last, again)
            self._size += _size(key, self._kept[key])
            while self._size > self._most:
                self._drop(next(iter(self._kept)))

    def _drop(self, key: Key) -> None:
        if kept := self._kept.pop(key, None):
            self._size -= _size(key, kept)


def _size(key: Key, kept: Kept) -> int:
    return len(key[1]) + len(kept.before) + len(kept.after) + _OVERHEAD
