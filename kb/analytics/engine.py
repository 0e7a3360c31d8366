"""One view of one snapshot, ready for queries."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyoxigraph as ox

from ..querying.arrow import column_of
from ..querying.plans import Step
from .algebra import Pattern, Uncovered, Variable
from .execution import Execution
from .graph import Graph
from .matching import Matcher
from .oracle import Oracle
from .planning import MOST_PLANS, Plans
from .tables import Table, codes
from .terms import Ids, Sort

_PLAIN = {Sort.IRI, Sort.STRING, Sort.UNBOUND}


@dataclass(frozen=True)
class Found:
    """What the columns found: the solutions of a SELECT, the truth of an ASK, what a CONSTRUCT makes of solutions."""

    names: tuple[str, ...]
    table: Table
    steps: tuple[Step, ...]
    truth: bool | None = None
    template: tuple[Pattern, ...] | None = None


class Engine:
    """Answers queries over one graph; remembers what they touch, and the values of terms."""

    def __init__(self, graph: Graph, plans: Plans | None = None, oracle: Oracle | None = None) -> None:
        self.graph = graph
        self.plans = plans or Plans()
        self.oracle = oracle or Oracle(graph.terms)
        self._sizes: dict[str, float] = {}

    @property
    def made_terms(self) -> int:
        """How many terms queries have made that are not in the graph's dictionary."""
        return self.graph.terms.made

    def size(self, text: str) -> float:
        """About how many rows a query's widest step has.

        Raises Uncovered.
        """
        if text not in self._sizes:
            if len(self._sizes) > MOST_PLANS:
                self._sizes.clear()
            matcher = Matcher(self.graph)
            blocks = self.plans.blocks(text)
            self._sizes[text] = max(map(matcher.widest, blocks), default=0.0)
        return self._sizes[text]

    def answer(self, text: str) -> Found:
        """The answer.

        Raises Uncovered, also where that shows only in the midst of it.
        """
        query = self.plans.of(text)
        execution = Execution(query, self.graph, self.oracle)
        try:
            table = execution.run()
        except RecursionError:
            raise Uncovered("operators nested too deep") from None
        names = tuple(table.columns)
        if query.asks:
            return Found((), table, tuple(execution.steps), table.rows > 0)
        if not names:
            raise Uncovered("solutions without variables")
        return Found(names, table, tuple(execution.steps), template=query.template)

    def solutions(self, found: Found) -> ox.QuerySolutions:
        """Solutions as Oxigraph gives them."""
        head = "\t".join(f"?{name}" for name in found.names) + "\n"
        body = self._lines(found)
        text = io.BytesIO(head.encode() + body)
        return cast(ox.QuerySolutions, ox.parse_query_results(text, format=ox.QueryResultsFormat.TSV))

    def triples(self, found: Found) -> list[ox.Triple]:
        """What a CONSTRUCT makes, each triple of a template once."""
        terms = self.graph.terms
        space, end, nothing = (pa.scalar(text, pa.large_string()) for text in (" ", " .", ""))
        lines: list[str] = []
        for one in found.template or ():
            ends = [
                found.table.column(part.name)
                if isinstance(part, Variable)
                else np.full(found.table.rows, terms.id(part.text))  # type: ignore[union-attr]
                for part in (one.subject, one.predicate, one.object)
            ]
            subjects, predicates, objects = (terms.sorts(ids) for ids in ends)
            made = (
                np.isin(subjects, (Sort.IRI, Sort.BLANK))
                & (predicates == Sort.IRI)
                & (objects != Sort.UNBOUND)
            )
            ends = [ids[made] for ids in ends]
            _, first = codes(ends, len(ends[0]))
            texts = pc.binary_join_element_wise(*(terms.texts(ids[first]) for ids in ends), space)
            lines += pc.binary_join_element_wise(texts, end, nothing).to_pylist()
        read = ox.parse("\n".join(lines), format=ox.RdfFormat.N_TRIPLES, lenient=True)
        return [quad.triple for quad in read]

    def table(self, found: Found) -> pa.Table:
        """Solutions as Arrow columns, of the types that `kb.querying.arrow.column_of` gives."""
        return pa.table({name: self._column(found.table.columns[name]) for name in found.names})

    def _column(self, ids: Ids) -> pa.Array:
        terms = self.graph.terms
        values, places = terms.distinct(ids)
        if set(terms.sorts(values).tolist()) <= _PLAIN:
            texts = terms.lexical(values).cast(pa.string())
            if not pc.any(pc.match_substring(texts, "\\")).as_py():
                return texts.take(pa.array(places))
        texts = terms.texts(values)
        body = b"?value\n" + "".join(f"{text}\n" for text in texts.drop_null().to_pylist()).encode()
        read = iter(ox.parse_query_results(body, format=ox.QueryResultsFormat.TSV))  # type: ignore[arg-type]
        one_each = [next(read)[0] if text else None for text in texts.is_valid().to_pylist()]
        return column_of(one_each).take(pa.array(places))

    def _lines(self, found: Found) -> memoryview | bytes:
        rows = found.table.rows
        if not rows:
            return b""
        columns = []
        for name in found.names:
            values, places = self.graph.terms.distinct(found.table.columns[name])
            texts = pc.fill_null(self.graph.terms.texts(values), "")
            columns.append(texts.take(pa.array(places)))
        tab, end = (pa.scalar(text, pa.large_string()) for text in ("\t", "\n"))
        joined = columns[0] if len(columns) == 1 else pc.binary_join_element_wise(*columns, tab)
        lines = pc.binary_join_element_wise(joined, pa.scalar("", pa.large_string()), end)
        body = bytes(memoryview(lines.buffers()[2]))
        if body.count(b"\n") != rows or body.count(b"\t") != rows * (len(columns) - 1):
            raise Uncovered("terms with line breaks in their syntax")
        return body
