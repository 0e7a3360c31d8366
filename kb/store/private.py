"""Private rows in the journal: compressed, and sealed with the key of the buyer that they belong to.

A private file is a sequence of parts; docs/journal.md describes their bytes. A part names its key by a number
that says nothing about the buyer; commit, part and count of rows are bound to what is sealed.
"""

from __future__ import annotations

import secrets
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .. import graphs
from ..columns.batches import BLOCK_BYTES, lines
from ..errors import StoreDamaged
from .journal_files import Extension
from .journal_record import Extent, Owner
from .keys import COMMON, Keys

_MAGIC = b"CKB1"
# Magic, commit, part, rows, letter, key; then nonce and length of what is sealed.
_BOUND = struct.Struct("<4sQIIc16s")
_REST = struct.Struct("<12sI")
_HEAD_BYTES = _BOUND.size + _REST.size
_HELD_BYTES = 64 << 20
_NEWLINE = 10


@dataclass(frozen=True)
class Part:
    """The head of one sealed part; `bound` is what the seal covers beside the rows, `offset` where they lie."""

    commit: int
    number: int
    rows: int
    adds: bool
    key: bytes
    nonce: bytes
    offset: int
    length: int
    bound: bytes


def divided(batch: pa.RecordBatch) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """The public rows of a batch, and the private ones."""
    graph = batch.column("g")
    coded = graph if isinstance(graph, pa.DictionaryArray) else graph.dictionary_encode()
    private = [graphs.is_private(name[1:-1]) for name in coded.dictionary.to_pylist()]
    if not any(private):
        return batch, batch.slice(0, 0)
    if all(private):
        return batch.slice(0, 0), batch
    mask = pa.array(private).take(coded.indices)
    return batch.filter(pc.invert(mask)), batch.filter(mask)


class Sealer:
    """Gathers the private rows of one commit by owner and writes them to `sink` in sealed parts."""

    def __init__(self, sink: Extension, keys: Keys, commit: int, owner: Owner | None) -> None:
        self._sink = sink
        self._keys = keys
        self._commit = commit
        self._owner = owner
        self._held: dict[str, bytearray] = {}
        self._bytes = self._parts = 0
        self._letter = b"D"

    def add(self, batch: pa.RecordBatch, *, adds: bool) -> None:
        """Take rows that the commit adds (or removes); all that it removes come first."""
        letter = b"A" if adds else b"D"
        if letter != self._letter:
            self.flush()
            self._letter = letter
        prefix = f"{letter.decode()} "
        for owner, text in _by_owner(batch, self._owner, prefix):
            self._held.setdefault(owner, bytearray()).extend(text)
            self._bytes += len(text)
        if self._bytes > _HELD_BYTES:
            self.flush()

    def flush(self) -> None:
        """Seal what was gathered."""
        if not self._held:
            return
        keys = self._keys.of(self._held)
        compressor = zstandard.ZstdCompressor()
        for owner, text in self._held.items():
            key, nonce = keys[owner], secrets.token_bytes(12)
            rows = text.count(b"\n")
            bound = _BOUND.pack(_MAGIC, self._commit, self._parts, rows, self._letter, key.id)
            sealed = AESGCM(key.secret).encrypt(nonce, compressor.compress(text), bound)
            self._sink.write(bound + _REST.pack(nonce, len(sealed)) + sealed)
            self._parts += 1
        self._held, self._bytes = {}, 0


def parts(source: BinaryIO, extent: Extent) -> Iterator[Part]:
    """The heads of the parts in a stretch of a private file.

    Raises StoreDamaged.
    """
    place = extent.offset
    while place < extent.end:
        source.seek(place)
        head = source.read(_HEAD_BYTES)
        if len(head) < _HEAD_BYTES or not head.startswith(_MAGIC):
            raise StoreDamaged("A sealed part of the journal has no head", hint="see kb doctor")
        _, commit, number, rows, letter, key = _BOUND.unpack_from(head)
        nonce, length = _REST.unpack_from(head, _BOUND.size)
        bound = head[: _BOUND.size]
        yield Part(commit, number, rows, letter == b"A", key, nonce, place + _HEAD_BYTES, length, bound)
        place += _HEAD_BYTES + length


def unsealed(source: BinaryIO, extent: Extent, keys: Keys, *, adds: bool) -> Iterator[bytes]:
    """The rows of a commit that can still be read, letter and all, in pieces of whole lines.

    Raises StoreDamaged where a part does not open with its key, or its key is missing and was not destroyed.
    """
    wanted = [one for one in parts(source, extent) if one.adds == adds]
    known = keys.known(one.key for one in wanted)
    gone = {one.id for one in keys.destroyed()} if len(known) < len({one.key for one in wanted}) else set()
    decompressor = zstandard.ZstdDecompressor()
    piece = bytearray()
    for part in wanted:
        if part.key in gone:
            continue
        if part.key not in known:
            raise StoreDamaged(
                f"The key of {part.rows} private rows of commit #{part.commit} is missing",
                where=keys.path.name,
                hint="put the file of keys back from a backup",
            )
        source.seek(part.offset)
        try:
            text = AESGCM(known[part.key]).decrypt(part.nonce, source.read(part.length), part.bound)
        except InvalidTag:
            raise StoreDamaged(
                f"Private rows of commit #{part.commit} do not open with their key", hint="see kb doctor"
            ) from None
        piece += decompressor.decompress(text)
        if len(piece) > BLOCK_BYTES:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)


def _by_owner(batch: pa.RecordBatch, owner: Owner | None, prefix: str) -> Iterator[tuple[str, memoryview]]:
    """The rows of a batch as text, by the buyer that they belong to."""
    if owner is None:
        yield COMMON, lines(batch, prefix)
        return
    coded = owner(batch)
    if not isinstance(coded, pa.DictionaryArray):
        coded = coded.dictionary_encode()
    codes = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
    order = np.argsort(codes, kind="stable")
    text = lines(batch.take(pa.array(order)), prefix)
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == _NEWLINE) + 1
    codes = codes[order]
    lasts = np.flatnonzero(np.append(codes[1:] != codes[:-1], True))
    names = coded.dictionary.to_pylist()
    begin = 0
    for code, end in zip(codes[lasts].tolist(), ends[lasts].tolist(), strict=True):
        yield COMMON if code < 0 else names[code][1:-1], text[begin:end]
        begin = end
