"""Counting the rows of a result while it is being written, from its bytes."""

from __future__ import annotations

from multiprocessing.connection import Connection

from ..errors import KbError, ResultTooLarge
from .errands import Kind, send

_FRAME, _LARGEST = 65_536, 1 << 20
# What each row has once. A quote within a JSON string has a backslash before it, "<" in XML text is escaped, and
# TSV escapes line breaks.
_MARKS = {"json": (b',{"', b'[{"'), "xml": (b"<result>",), "tsv": (b"\n",), "csv": (b"\n",)}


class RowCount:
    """How many rows of a table in a SPARQL results format have passed by.

    >>> count = RowCount("csv")
    >>> count.add(b'name\\r\\n"two'), count.add(b'\\nlines"\\r\\n')
    (0, 1)
    """

    def __init__(self, format: str) -> None:
        self._marks = _MARKS.get(format, ())
        self._kept = max(map(len, self._marks), default=1) - 1
        self._quotes = format == "csv"
        self._quoted = False
        self._tail = b""
        self.rows = -1 if format in ("csv", "tsv") else 0

    def add(self, chunk: bytes) -> int:
        """Count the rows of the next bytes; gives how many there are so far, and never too many."""
        if self._quotes and (self._quoted or b'"' in chunk):
            pieces = chunk.split(b'"')
            self.rows += sum(piece.count(b"\n") for piece in pieces[self._quoted :: 2])
            self._quoted ^= len(pieces) % 2 == 0
        else:
            seen = self._tail + chunk
            self.rows += sum(map(seen.count, self._marks))
            self._tail = seen[len(seen) - self._kept :]
        return max(0, self.rows)


class Counted:
    """A file to write an answer to: it goes out in frames, and may have so many rows and bytes."""

    def __init__(self, connection: Connection, format: str, *, rows: int, bytes: int) -> None:
        self._connection = connection
        self._count = RowCount(format)
        self._most_rows = rows
        self._most_bytes = bytes
        self._bytes = 0
        self._pending = bytearray()
        self.fault: KbError | None = None

    def write(self, chunk: bytes) -> int:
        """Take bytes.

        Raises ResultTooLarge, which is kept in `fault` too.
        """
        self._bytes += len(chunk)
        if self._bytes > self._most_bytes:
            self.fault = ResultTooLarge.bytes(self._most_bytes)
        elif self._count.add(chunk) > self._most_rows:
            self.fault = ResultTooLarge.rows(self._most_rows)
        if self.fault is not None:
            raise self.fault
        self._pending += chunk
        if len(self._pending) >= _FRAME:
            for start in range(0, len(self._pending), _LARGEST):
                send(self._connection, Kind.DATA, self._pending[start : start + _LARGEST])
            self._pending = bytearray()
        return len(chunk)

    def flush(self) -> None:
        """There is nothing to do: what is left goes with `finish`."""

    def finish(self) -> None:
        """Send what is left, and that the answer is whole."""
        send(self._connection, Kind.LAST, self._pending)
