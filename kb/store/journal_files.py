"""Putting bytes at the end of a file: all of them or none."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import xxhash

from .durable import sync
from .journal_record import Extent

_BUFFER = 1 << 20


class Extension:
    """New bytes at the end of a file; whatever fails in the ``with`` block cuts it back to where it was.

    The file is made where there is none, private ones readable by their owner alone.
    """

    def __init__(self, path: Path, begin: int, *, mode: int = 0o644) -> None:
        self.path = path
        self._begin = begin
        self._mode = mode
        self._handle = -1
        self._buffer = bytearray()
        self._made = False
        self._extent_begin = begin
        self._state = xxhash.xxh3_128()
        self.end = begin

    def __enter__(self) -> Extension:
        self._made = not self.path.exists()
        self._handle = os.open(self.path, os.O_RDWR | os.O_CREAT, self._mode)
        try:
            os.ftruncate(self._handle, self._begin)
            os.lseek(self._handle, self._begin, os.SEEK_SET)
        except BaseException:
            os.close(self._handle)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is not None:
                with suppress(
                    OSError
                ):  # What could not be cut off is no whole record, or was not acknowledged.
                    os.ftruncate(self._handle, self._begin)
                    os.fsync(self._handle)
                    if self._made:
                        self.path.unlink()
        finally:
            os.close(self._handle)

    def write(self, piece: bytes | memoryview) -> None:
        """Add bytes to the extent that is being written."""
        self._state.update(piece)
        self.end += len(piece)
        self._buffer += piece
        if len(self._buffer) >= _BUFFER:
            self.flush()

    def cut(self) -> Extent:
        """End the extent here; what is written next belongs to another one."""
        extent = Extent(self._extent_begin, self.end - self._extent_begin, self._state.hexdigest())
        self._extent_begin = self.end
        self._state = xxhash.xxh3_128()
        return extent

    def flush(self) -> None:
        """Hand what was written to the operating system."""
        left = memoryview(self._buffer)
        while left:
            left = left[os.write(self._handle, left) :]
        self._buffer = bytearray()

    def finish(self, *, durable: bool) -> None:
        """Hand it over, and wait until the disk has it if it is to be durable."""
        self.flush()
        if durable:
            os.fsync(self._handle)
            if self._made:
                sync(self.path.parent)
