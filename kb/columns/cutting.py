"""Lines of N-Quads cut at the boundaries of their terms, without a Python object a term.

A line is regular when it has the form of canonical N-Quads: one space between terms and one before the dot at
its end. Whether its terms are well-formed is for others to judge. Terms are found by numpy and read in place
(Arrow string views); only distinct ones are copied.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_SPACE, _NEWLINE, _DOT, _QUOTE, _LESS, _UNDERSCORE = b' \n."<_'
_INLINE = 12
Rows = NDArray[np.bool_]
Places = NDArray[np.int64]


class Lines:
    """The lines of a text that ends with a newline, each behind `prefix`; less than 2 GiB of them.

    With `graphs` the last term of four is the name of a graph, otherwise lines are triples.

    >>> found = Lines(b'<urn:s> <urn:p> "x y" .\\n<urn:s>\\t<urn:p> 1.\\n')
    >>> found.regular.tolist(), found.batch("urn:g", found.regular).to_pylist()
    ([True, False], [{'s': '<urn:s>', 'p': '<urn:p>', 'o': '"x y"', 'g': '<urn:g>'}])
    """

    def __init__(self, text: bytes | memoryview, prefix: str = "", *, graphs: bool = True) -> None:
        self._text = text
        self._data = data = np.frombuffer(text, np.uint8)
        blanks = np.flatnonzero(data <= _SPACE)
        kinds = data[blanks]
        newlines = np.flatnonzero(kinds == _NEWLINE)
        self._ends: Places = blanks[newlines] + 1
        self._starts: Places = np.concatenate(([0], self._ends[:-1]))
        head = np.concatenate(([0], newlines[:-1] + 1)) + prefix.count(" ")
        enough = newlines - head >= 3
        # Where a line is too short these are places in other lines; it is not regular and nobody looks.
        head, tail = np.minimum(head, max(len(blanks) - 2, 0)), np.maximum(newlines - 2, 0)
        second, last = np.minimum(head + 1, len(blanks) - 1), newlines - 1
        self._subject: Places = self._starts + len(prefix.encode())
        self._first, self._last = blanks[head], blanks[last]
        self._second: Places = np.minimum(blanks[second], len(data) - 2)
        self._gap: Places = np.where(enough, blanks[tail], 0)
        self.regular: Rows = (
            enough
            & (self._first > self._subject)
            & (kinds[head] == _SPACE)
            & (kinds[second] == _SPACE)
            & (kinds[last] == _SPACE)
            & (self._last == self._ends - 3)
            & (data[self._ends - 2] == _DOT)
        )
        self._graphs = graphs

    def __len__(self) -> int:
        return len(self._ends)

    def batch(self, default: str, rows: Rows) -> pa.RecordBatch:
        """Some regular lines as a quad batch, its columns coded by dictionaries of their own distinct terms.

        Triples, and quads of the default graph, go to the graph `default` (an IRI; empty for none).
        """
        named = self._named[rows]
        gap, last, second = self._gap[rows], self._last[rows], self._second[rows]
        columns = [
            self._terms(self._subject[rows], self._first[rows]),
            self._terms(self._first[rows] + 1, second),
            self._terms(second + 1, np.where(named, gap, last)),
            self._graph_names(gap, last, named, f"<{default}>" if default else ""),
        ]
        return pa.RecordBatch.from_arrays(columns, names=list("spog"))

    def text(self, rows: Rows) -> bytes:
        """The text of some lines."""
        return b"".join(self._text[a:b] for a, b in zip(self._starts[rows], self._ends[rows], strict=True))

    @cached_property
    def _named(self) -> Rows:
        """Whether the last token is the name of a graph: an IRI or blank node that is not the tail of a literal."""
        if not self._graphs:
            return np.zeros(len(self), np.bool_)
        begin = self._data[np.minimum(self._gap + 1, len(self._data) - 1)]
        named = self.regular & (self._gap > self._second) & ((begin == _LESS) | (begin == _UNDERSCORE))
        doubtful = np.flatnonzero(named & (self._data[self._second + 1] == _QUOTE))
        if len(doubtful):
            tokens = self._terms(self._gap[doubtful] + 1, self._last[doubtful])
            quoted = pc.match_substring(tokens.dictionary, '"').to_numpy(False)
            named[doubtful] = ~quoted[tokens.indices.to_numpy()]
        return named

    def _graph_names(self, gap: Places, last: Places, named: Rows, default: str) -> pa.DictionaryArray:
        names = self._terms(gap[named] + 1, last[named])
        if named.all() and len(named):
            return names
        values = pa.concat_arrays([names.dictionary, pa.array([default], pa.large_string())])
        codes = np.full(len(named), len(values) - 1, np.int32)
        codes[named] = names.indices.to_numpy()
        return pa.DictionaryArray.from_arrays(codes, values)

    def _terms(self, begin: Places, end: Places) -> pa.DictionaryArray:
        """What lies between places of the text, coded by its distinct values."""
        lengths = end - begin
        # A view is length, first four bytes, number of the buffer, place; or length and up to 12 bytes.
        views = np.empty((len(begin), 4), np.int32)
        words = np.ndarray((max(len(self._data) - 3, 0),), np.int32, self._data, 0, (1,))
        views[:, 0] = lengths
        views[:, 1] = words[np.minimum(begin, len(words) - 1)]
        views[:, 2] = 0
        views[:, 3] = begin
        short = np.flatnonzero(lengths <= _INLINE)
        if len(short):
            offsets = np.arange(_INLINE)
            places = np.minimum(begin[short, None] + offsets, len(self._data) - 1)
            letters = np.where(offsets < lengths[short, None], self._data[places], 0).astype(np.uint8)
            views[short, 1:] = letters.view(np.int32)
        buffers = [None, pa.py_buffer(views), pa.py_buffer(self._text)]
        coded = pa.Array.from_buffers(pa.string_view(), len(begin), buffers).dictionary_encode()
        return pa.DictionaryArray.from_arrays(coded.indices, coded.dictionary.cast(pa.large_string()))
