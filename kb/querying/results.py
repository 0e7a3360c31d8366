"""Results of queries: solutions, triples or a truth value; all can be iterated and written more than once."""

from __future__ import annotations

import html
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import IO, Any, Literal, cast

import pyarrow as pa
import pyoxigraph as ox

from ..errors import ToolMissing
from .arrow import TABLE_FORMATS, TableFormat, column_of, plain, write_table
from .plans import Plan

TextFormat = Literal["json", "xml", "csv", "tsv"]
ResultFormat = TextFormat | TableFormat
_SHOWN = 100


@dataclass
class Solutions:
    """The rows of a SELECT query; each row is a pyoxigraph QuerySolution (index by variable name or place).

    A result belongs to an immutable snapshot: writing it a second time runs the query a second time and gives
    the same answer.
    """

    run: Callable[[], ox.QuerySolutions] = field(repr=False)
    _first: ox.QuerySolutions | None = field(repr=False, default=None)
    plan: Plan | None = field(repr=False, default=None, compare=False)
    _table: Callable[[], pa.Table] | None = field(repr=False, default=None)
    variables: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.variables:
            self._first = self._first or self.run()
            self.variables = tuple(variable.value for variable in self._first.variables)

    def __iter__(self) -> Iterator[ox.QuerySolution]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def rows(self) -> list[ox.QuerySolution]:
        """All rows."""
        return list(self.once())

    def write(self, sink: IO[bytes], format: ResultFormat = "json") -> None:
        """Write the rows, as they come in a format of the SPARQL results recommendations, as a whole in Arrow's."""
        if format in TABLE_FORMATS:
            write_table(self.to_arrow(), sink, cast(TableFormat, format))
            return
        forms: dict[str, ox.QueryResultsFormat] = {
            "json": ox.QueryResultsFormat.JSON,
            "xml": ox.QueryResultsFormat.XML,
            "csv": ox.QueryResultsFormat.CSV,
            "tsv": ox.QueryResultsFormat.TSV,
        }
        self.once().serialize(sink, format=forms[format])

    def to_json(self) -> str:
        """SPARQL 1.1 Query Results JSON."""
        return self._text("json")

    def to_xml(self) -> str:
        """SPARQL Query Results XML."""
        return self._text("xml")

    def to_csv(self) -> str:
        """SPARQL 1.1 Query Results CSV."""
        return self._text("csv")

    def to_tsv(self) -> str:
        """SPARQL 1.1 Query Results TSV."""
        return self._text("tsv")

    def to_arrow(self) -> pa.Table:
        """A table: a column whose values are all of one numeric or truth type gets it, others are strings."""
        return self._arrow

    @cached_property
    def _arrow(self) -> pa.Table:
        if self._table is not None:
            return self._table()
        columns = {
            name: column_of([row[place] for row in self.rows]) for place, name in enumerate(self.variables)
        }
        return pa.table(columns)

    def to_pandas(self) -> Any:
        """A pandas DataFrame with the columns of `to_arrow`.

        Raises ToolMissing without pandas.
        """
        try:
            return self.to_arrow().to_pandas()
        except ImportError:
            raise ToolMissing("pandas is not installed", hint="pip install 'commerce-kb[pandas]'") from None

    def __str__(self) -> str:
        lines = ["\t".join(self.variables)]
        lines += ["\t".join(plain(value) for value in row) for row in self.rows[:_SHOWN]]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{html.escape(name)}</th>" for name in self.variables)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(plain(value))}</td>" for value in row) + "</tr>"
            for row in self.rows[:_SHOWN]
        )
        more = f"<caption>{_SHOWN} of {len(self)} rows</caption>" if len(self) > _SHOWN else ""
        return f"<table>{more}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def _text(self, format: TextFormat) -> str:
        sink = io.BytesIO()
        self.write(sink, format)
        return sink.getvalue().decode()

    def once(self) -> ox.QuerySolutions:
        """The rows as they come; they are not kept."""
        solutions, self._first = self._first or self.run(), None
        return solutions


@dataclass
class Triples:
    """The triples of a CONSTRUCT or DESCRIBE query."""

    run: Callable[[], ox.QueryTriples] = field(repr=False)
    _first: ox.QueryTriples | None = field(repr=False, default=None)
    plan: Plan | None = field(repr=False, default=None, compare=False)

    def __iter__(self) -> Iterator[ox.Triple]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def rows(self) -> list[ox.Triple]:
        """All triples, each once."""
        return list(dict.fromkeys(self.once()))

    def write(self, sink: IO[bytes], format: ox.RdfFormat = ox.RdfFormat.TURTLE) -> None:
        """Write the triples in an RDF syntax."""
        prefixes = dict(_prefixes()) if format in (ox.RdfFormat.TURTLE, ox.RdfFormat.TRIG) else None
        ox.serialize(self.rows, sink, format=format, prefixes=prefixes)

    def to_turtle(self) -> str:
        """The triples in Turtle."""
        sink = io.BytesIO()
        self.write(sink)
        return sink.getvalue().decode()

    def __str__(self) -> str:
        return self.to_turtle()

    def once(self) -> ox.QueryTriples:
        """The triples as they come, some more than once; they are not kept."""
        triples, self._first = self._first or self.run(), None
        return triples


@dataclass(frozen=True)
class Truth:
    """The answer of an ASK query.

    >>> bool(Truth(False)), Truth(True).to_json()
    (False, '{"head":{},"boolean":true}')
    """

    value: bool
    plan: Plan | None = field(repr=False, default=None, compare=False)

    def __bool__(self) -> bool:
        return self.value

    def write(self, sink: IO[bytes], format: ResultFormat = "json") -> None:
        """Write the answer; CSV and TSV have no form for it, so it is the word alone; a table has one cell."""
        if format in TABLE_FORMATS:
            write_table(self.to_arrow(), sink, cast(TableFormat, format))
            return
        word = str(self.value).lower()
        texts = {
            "json": self.to_json(),
            "xml": '<?xml version="1.0"?><sparql xmlns="http://www.w3.org/2005/sparql-results#">'
            f"<head></head><boolean>{word}</boolean></sparql>",
        }
        sink.write(texts.get(format, word + "\n").encode())

    def to_arrow(self) -> pa.Table:
        """A table of one cell."""
        return pa.table({"boolean": [self.value]})

    def to_json(self) -> str:
        """SPARQL 1.1 Query Results JSON."""
        return f'{{"head":{{}},"boolean":{str(self.value).lower()}}}'

    def __str__(self) -> str:
        return "yes" if self.value else "no"


Result = Solutions | Triples | Truth


def _prefixes() -> list[tuple[str, str]]:
    from ..terms import PREFIXES

    return list(PREFIXES.items())
