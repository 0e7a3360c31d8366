"""The graph inside DuckDB: every predicate a table of subjects and objects, every class a table of its instances.

SQL names them by quoted CURIEs, and they are made of the columns when a query names them:

* ``"ckb:variantOf"``: columns s and o, the ids of terms;
* ``"ckb:price.decimal"``: o as DECIMAL(18, 4), and likewise ``.integer``, ``.double``, ``.instant`` (TIMESTAMP in
  UTC), ``.boolean``, ``.text``; ``.en`` and other languages: the texts in that language; ``.iri``: IRIs as text;
* ``"ckb:Brand"``: column s, the instances of the class.

What can't be read as the type asked for is left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Self

import duckdb
import numpy as np
import pyarrow as pa

from ..columns.image import Image
from ..columns.kernels import Ids, distinct, heads, tails, tails_of
from ..columns.relations import Relations
from ..columns.values import lexical
from ..errors import UsageError
from ..graphs import Private
from ..terms import PREFIXES

_NAME = re.compile(r'"([a-z]+):([A-Za-z_][A-Za-z0-9_-]*)(?:\.([a-z]{2,7}))?"')
_TYPES = {
    "decimal": "DECIMAL(18, 4)",
    "integer": "BIGINT",
    "double": "DOUBLE",
    "instant": "TIMESTAMP",
    "boolean": "BOOLEAN",
    "text": "VARCHAR",
    "iri": "VARCHAR",
}


class Relational:
    """One snapshot's graph as tables, as far as somebody may see it; close it, or use it in a ``with`` block."""

    def __init__(self, image: Image, *, private: Private = True, memory: str = "1GB") -> None:
        self.dictionary = image.dictionary
        self._view: Relations = image.view(private=private, inferred=True)
        self._connection = duckdb.connect(config={"memory_limit": memory, "threads": 2})
        self._known: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def rows(self, sql: str, *, key: Sequence[str] = ()) -> pa.Table:
        """The rows of a SELECT in the order of its columns; of rows with the same `key` the first.

        Ids (UINTEGER) become the IRIs or texts of their terms, times are in UTC.
        Raises UsageError for a name with an unknown prefix or type.
        """
        for prefix, local, kind in _NAME.findall(sql):
            self._make(prefix, local, kind)
        found = self._connection.sql(sql).to_arrow_table()
        columns = [self._spelt(one) if pa.types.is_uint32(one.type) else one for one in found.columns]
        spelt = pa.table(columns, names=found.column_names)  # noqa: F841 - DuckDB reads it
        names = ", ".join(f'"{name}"' for name in key)
        once = f"DISTINCT ON ({names})" if key else ""
        ordered = self._connection.sql(f"SELECT {once} * FROM spelt ORDER BY ALL").to_arrow_table()
        return pa.table([_in_utc(one) for one in ordered.columns], names=ordered.column_names)

    def _make(self, prefix: str, local: str, kind: str) -> None:
        name = f"{prefix}:{local}" + (f".{kind}" if kind else "")
        if name in self._known:
            return
        if prefix not in PREFIXES:
            raise UsageError(f"The prefix '{prefix}:' is not known", where=name)
        if local[0].isupper():
            self._register(name, s=self._instances(f"<{PREFIXES[prefix]}{local}>"))
        else:
            pairs = self._view.get_relation(self.dictionary.id(f"<{PREFIXES[prefix]}{local}>")).pairs
            if kind:
                self._typed(name, kind, heads(pairs), tails(pairs))
            else:
                self._register(name, s=heads(pairs), o=tails(pairs))
        self._known.add(name)

    def _instances(self, type: str) -> Ids:
        types = self._view.get_relation(self.dictionary.id(f"<{PREFIXES['rdf']}type>"))
        return tails_of(types.inverse, self.dictionary.id(type))

    def _register(self, name: str, **columns: Ids) -> None:
        self._connection.register(name, pa.table({key: pa.array(ids) for key, ids in columns.items()}))

    def _typed(self, name: str, kind: str, subjects: Ids, objects: Ids) -> None:
        if kind not in _TYPES and len(kind) != 2:
            raise UsageError(f"'{kind}' is no type of values", where=name, hint=", ".join(_TYPES))
        values = distinct(objects)
        if kind not in _TYPES:
            tags = self.dictionary.languages
            spoken = np.array([tag == kind or tag.startswith(f"{kind}-") for tag in tags], bool)
            values = values[spoken[self.dictionary.language_of(values)]]
        rows = pa.table({"s": pa.array(subjects), "o": pa.array(objects)})  # noqa: F841 - DuckDB reads it
        texts = pa.table({"o": pa.array(values), "text": lexical(self.dictionary, values)})  # noqa: F841
        type_ = _TYPES.get(kind, "VARCHAR")
        self._connection.execute(
            f'CREATE TABLE "{name}" AS SELECT s, TRY_CAST(text AS {type_}) AS o '
            "FROM rows JOIN texts USING (o) WHERE TRY_CAST(text AS "
            f"{type_}) IS NOT NULL"
        )

    def _spelt(self, column: pa.ChunkedArray) -> pa.DictionaryArray:
        """The terms of ids, each text once."""
        ids = column.combine_chunks().dictionary_encode()
        values = lexical(self.dictionary, ids.dictionary.to_numpy()).cast(pa.string())
        return pa.DictionaryArray.from_arrays(ids.indices, values)


def _in_utc(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.timestamp("us", "UTC")) if pa.types.is_timestamp(column.type) else column
