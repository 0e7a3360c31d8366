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

    The file is opened when the first bytes come, and made where there is none; a `private` one, and its folder,
    are for their owner alone.
    """

    def __init__(self, path: Path, begin: int, *, private: bool = False) -> None:
        self.path = path
        self.end = begin
        self._begin = self._extent_begin = begin
        self._private = private
        self._handle: int | None = None
        self._made = False
        self._buffer = bytearray()
        self._state = xxhash.xxh3_128()

    def __enter__(self) -> Extension:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        handle, self._handle = self._handle, None
        if handle is None:
            return
        try:
            if kind is not None:
                with suppress(OSError):  # What can't be cut off is no whole record, or was not acknowledged.
                    os.ftruncate(handle, self._begin)
                    os.fsync(handle)
                    if self._made:
                        self.path.unlink()
        finally:
            os.close(handle)

    def write(self, piece: bytes | memoryview) -> None:
        """Add bytes to the extent that is being written."""
        self._state.update(piece)
        self.end += len(piece)
        self._buffer += piece
        if len(self._buffer) >= _BUFFER:
            self._flush()

    def cut(self) -> Extent:
        """End the extent here; what is written next belongs to another one."""
        extent = Extent(self._extent_begin, self.end - self._extent_begin, self._state.hexdigest())
        self._extent_begin = self.end
        self._state = xxhash.xxh3_128()
        return extent

    def finish(self, *, durable: bool) -> None:
        """Hand all over, and wait until the disk has it if it is to be durable; nothing where nothing was written."""
        if self._buffer:
            self._flush()
        if durable and self._handle is not None:
            os.fsync(self._handle)
            if self._made:
                sync(self.path.parent)

    def _flush(self) -> None:
        if self._handle is None:
            self._handle = self._opened()
        left = memoryview(self._buffer)
        while left:
            left = left[os.write(self._handle, left) :]
        self._buffer = bytearray()

    def _opened(self) -> int:
        if self._private and not self.path.parent.exists():
            self.path.parent.mkdir(mode=0o700)
            sync(self.path.parent.parent)
        self._made = not self.path.exists()
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600 if self._private else 0o644)
        # What lies behind the beginning was never acknowledged.
        os.ftruncate(handle, self._begin)
        os.lseek(handle, self._begin, os.SEEK_SET)
        return handle


def shorten(path: Path, size: int) -> None:
    """Cut a file down to a size, durably; to nothing removes it."""
    if not size:
        path.unlink()
        return
    with path.open("rb+") as file:
        file.truncate(size)
        os.fsync(file.fileno())
