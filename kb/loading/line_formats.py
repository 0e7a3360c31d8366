"""N-Triples and N-Quads read in blocks of lines: Arrow cuts what is surely canonical, Oxigraph parses the rest.

Every statement is a line of its own, so that lines may be judged apart. Both ways give the same terms, and accept
the same files: a regular expression passes only terms that Oxigraph's parser takes and would write the same.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyoxigraph as ox

from ..columns.batches import BLOCK_BYTES, batches_of
from ..columns.cutting import Lines, Rows

# Part of RFC 3987: no user names, no IPv6 addresses, no names of hosts beyond ASCII.
_LETTER = r"A-Za-z0-9\-._~!$&'()*+,;=:@\x{A0}-\x{D7FF}\x{F900}-\x{FDCF}\x{FDF0}-\x{FFEF}\x{10000}-\x{1FFFD}"
_PERCENT = "%[0-9A-Fa-f]{2}"
_PATH = rf"(?:[{_LETTER}/]|{_PERCENT})*"
_TAIL = rf"(?:[{_LETTER}/?]|{_PERCENT})*"
_IRI = (
    r"<[A-Za-z][A-Za-z0-9+.-]*:"
    rf"(?://[A-Za-z0-9._~-]*(?::[0-9]{{1,4}})?(?:/{_PATH})?|/?(?:[{_LETTER}]|{_PERCENT}){_PATH})?"
    rf"(?:\?{_TAIL})?(?:#{_TAIL})?>"
)
_BLANK = "_:[A-Za-z0-9][A-Za-z0-9_-]*"
_TEXT = r'"(?:[^\x00-\x1F\x7F"\\\x{FFFE}\x{FFFF}]|\\[btnfr"\\])*"'
# Part of BCP 47, in lower case as Oxigraph keeps it: language, script, region.
_TAG = "@[a-z]{2,3}(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?"
_NODE = f"^(?:{_IRI}|{_BLANK})$"
_SURE = {
    "s": _NODE,
    "p": f"^{_IRI}$",
    "o": rf"^(?:{_IRI}|{_BLANK}|{_TEXT}(?:{_TAG}|\^\^{_IRI})?)$",
    "g": _NODE,
}
# Not written in canonical N-Triples, and wrong without a language.
_NO_DATATYPES = ("2001/XMLSchema#string>", "#langString>", "#dirLangString>")


def read_lines(source: IO[bytes], *, graph: str, graphs: bool) -> Iterator[pa.RecordBatch]:
    """The quads of N-Quads (N-Triples without `graphs`); those of the default graph go to `graph`.

    Raises SyntaxError and MemoryError as `pyoxigraph.parse` does for the same source.

    >>> source = io.BytesIO(b'<urn:s>\\t<urn:p> "\\\\u00E9" . # an accent\\n')
    >>> next(read_lines(source, graph="urn:g", graphs=False)).to_pylist()
    [{'s': '<urn:s>', 'p': '<urn:p>', 'o': '"é"', 'g': '<urn:g>'}]
    """
    form = ox.RdfFormat.N_QUADS if graphs else ox.RdfFormat.N_TRIPLES
    lines = 0
    while block := source.read(BLOCK_BYTES):
        block += source.readline(BLOCK_BYTES)
        try:
            if not block.endswith(b"\n") and len(block) > BLOCK_BYTES:
                raise SyntaxError
            batches = list(_judged(block, form, graph))
        except SyntaxError:
            # What is wrong, and where, is said of the whole: the lines before count, those behind give the cause.
            rest: IO[bytes] = _Rest(lines, block, source)  # type: ignore[assignment]
            yield from batches_of(ox.parse(rest, format=form, rename_blank_nodes=False), graph)
            return
        yield from batches
        lines += int(np.count_nonzero(np.frombuffer(block, np.uint8) == ord("\n")))
        if b"\r" in block:
            lines += block.count(b"\r") - block.count(b"\r\n")


def _judged(block: bytes, form: ox.RdfFormat, graph: str) -> Iterator[pa.RecordBatch]:
    """The quads of whole lines."""
    text = block.replace(b"\r\n", b"\n") if b"\r" in block else block
    if not text.endswith(b"\n"):
        text += b"\n"
    found = Lines(text, graphs=form == ox.RdfFormat.N_QUADS)
    sure = np.zeros(len(found), np.bool_)
    if _is_utf8(text):
        sure = found.regular.copy()
        batch = found.batch(graph, sure)
        well = _well_formed(batch)
        if not well.all():
            sure[sure] = well
            batch = found.batch(graph, sure)
        if len(batch):
            yield batch
    if not sure.all():
        doubtful = found.text(~sure)
        yield from batches_of(ox.parse(doubtful, format=form, rename_blank_nodes=False), graph)


def _is_utf8(text: bytes) -> bool:
    if text.isascii():
        return True
    ends = pa.py_buffer(np.array([0, len(text)]))
    try:
        pa.LargeStringArray.from_buffers(1, ends, pa.py_buffer(text)).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _well_formed(batch: pa.RecordBatch) -> Rows:
    """The rows whose terms are all surely what Oxigraph's parser makes of them."""
    rows = np.ones(len(batch), np.bool_)
    for name, pattern in _SURE.items():
        terms = batch.column(name)
        sure = pc.match_substring_regex(terms.dictionary, pattern)
        if name == "o":
            for ending in _NO_DATATYPES:
                sure = pc.and_not(sure, pc.ends_with(terms.dictionary, ending))
        if not pc.all(sure).as_py():
            rows &= sure.to_numpy(False)[terms.indices.to_numpy()]
    return rows


class _Rest:
    """What is left of a source, from `block` on, behind as many empty lines as were read before."""

    def __init__(self, lines: int, block: bytes, source: IO[bytes]) -> None:
        self._lines = lines
        self._block = io.BytesIO(block)
        self._source = source

    def read(self, size: int) -> bytes:
        """At most `size` bytes more; none at the end."""
        if self._lines:
            count = min(self._lines, size)
            self._lines -= count
            return b"\n" * count
        return self._block.read(size) or self._source.read(size)
