"""Which engine answers a query: Oxigraph, or the columns where they can and where that is worth it."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar, cast

import pyoxigraph as ox

from ..errors import NotCovered
from ..querying import guard
from ..querying.binding import bound
from ..querying.plans import Choice, Plan
from ..querying.results import Result, Solutions, Triples, Truth
from ..querying.run import Dataset, Term, run
from ..store import Snapshot
from .algebra import Uncovered
from .engine import Engine, Found
from .planning import Plans
from .views import engine_of, succeeding

# What asks about many things at once has one of these words; the rest looks something up.
_ANALYTIC = re.compile(
    r"\b(AVG|CONTAINS|COUNT|DISTINCT|EXISTS|GROUP|MAX|MIN|MINUS|ORDER|REGEX|SAMPLE|STRENDS|STRSTARTS|SUM)\b",
    re.IGNORECASE,
)
_WORTH = 1_000
"""Where fewer rows are touched, Oxigraph has answered before columns have planned."""
_ENGINES = 3
_MADE_TERMS = 2_000_000
Made = TypeVar("Made")


class Router:
    """Answers queries about snapshots of one store, each by the engine that suits it."""

    def __init__(self) -> None:
        self._engines: OrderedDict[tuple[str, bool, bool], Engine] = OrderedDict()
        self._plans = Plans()
        # What columns have learnt of terms is shared by all snapshots.
        self._lock = threading.RLock()

    def run(
        self,
        snapshot: Snapshot,
        text: str,
        *,
        dataset: Dataset | None = None,
        parameters: Mapping[str, Term] | None = None,
        engine: Choice = "auto",
        before_oxigraph: Callable[[], None] = lambda: None,
    ) -> Result:
        """The answer, as `kb.querying.run.run` gives it; its `plan` tells who gave it, and why.

        `before_oxigraph` is called where Oxigraph answers.
        Raises NotCovered where columns are asked for and don't answer; QueryError, Forbidden.
        """
        dataset = dataset or Dataset()
        why = "it was asked for"
        if engine != "oxigraph":
            try:
                return self._from_columns(snapshot, text, dataset, parameters, forced=engine == "columns")
            except Uncovered as reason:
                why = str(reason)
                if engine == "columns":
                    raise NotCovered(
                        f"Columns don't answer this query: {why}", hint="leave the choice of the engine: auto"
                    ) from None
        before_oxigraph()
        result = run(snapshot, text, dataset=dataset, parameters=parameters)
        return _told(result, Plan("oxigraph", why))

    def _from_columns(
        self,
        snapshot: Snapshot,
        text: str,
        dataset: Dataset,
        parameters: Mapping[str, Term] | None,
        *,
        forced: bool,
    ) -> Result:
        if not forced and not _ANALYTIC.search(text):
            raise Uncovered("a look-up")
        if guard.check(text) is guard.Form.UPDATE:
            raise Uncovered("an update")  # Which `run` refuses.
        if dataset.listed or isinstance(dataset.private, tuple):
            raise Uncovered("graphs by name")
        text = bound(text, parameters) if parameters else text
        with self._lock:
            engine = self._engine(snapshot, dataset)
            if not forced and (size := engine.size(text)) < _WORTH:
                raise Uncovered(f"it touches about {size:,.0f} rows")
            found = engine.answer(text)
        plan = Plan("columns", "it was asked for" if forced else "it touches many rows", found.steps)
        if found.truth is not None:
            return Truth(found.truth, plan)
        if found.template is not None:
            return Triples(cast(Any, partial(self._alone, engine.triples, found)), None, plan)
        otherwise = partial(run, snapshot, text, dataset=dataset)
        return Solutions(
            partial(self._solutions, engine, found, otherwise),
            plan=plan,
            _table=partial(self._alone, engine.table, found),
            variables=found.names,
        )

    def _solutions(self, engine: Engine, found: Found, otherwise: Callable[[], Result]) -> ox.QuerySolutions:
        try:
            return self._alone(engine.solutions, found)
        except Uncovered:
            return cast(Solutions, otherwise()).once()

    def _alone(self, make: Callable[[Found], Made], found: Found) -> Made:
        with self._lock:
            return make(found)

    def follow(self, snapshot: Snapshot) -> None:
        """Make ready for a new snapshot what was used of the newest one."""
        with self._lock:
            newest = max((name for name, *_ in self._engines), default="")
            for name, private, inferred in list(self._engines):
                if name == newest:
                    seen = Dataset(private, inferred)
                    self._engine(snapshot, seen).graph.settle()

    def _engine(self, snapshot: Snapshot, dataset: Dataset) -> Engine:
        view = (dataset.private is True, dataset.inferred)
        engine = self._engines.pop((snapshot.name, *view), None)
        if engine is None or engine.made_terms > _MADE_TERMS:
            known = next((one for key, one in reversed(self._engines.items()) if key[1:] == view), None)
            engine = None
            if known is not None and known.made_terms <= _MADE_TERMS:
                engine = succeeding(known, snapshot.image)
            if engine is None:
                engine = engine_of(snapshot.image, private=view[0], inferred=view[1], plans=self._plans)
        self._engines[snapshot.name, *view] = engine
        while len(self._engines) > _ENGINES:
            self._engines.popitem(last=False)
        return engine


def _told(result: Result, plan: Plan) -> Result:
    if isinstance(result, Truth):
        return replace(result, plan=plan)
    result.plan = plan
    return result
