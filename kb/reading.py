"""What can be asked of a store: every read is of the current snapshot."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from functools import partial

import numpy as np
import pyarrow as pa
import pyoxigraph as ox

from . import dumps, graphs, pipeline, statistics
from .analytics.routing import Router
from .columns.kernels import NO_PAIRS, heads, pack, tails
from .columns.relations import Relations
from .contradictions import ContradictionReport, accounts_of, report_of
from .errors import NotFound, UsageError
from .querying.competency import Given, Question, question
from .querying.find import Match, find
from .querying.plans import Choice
from .querying.results import Result
from .querying.run import Dataset, answered
from .reasoning import Gaps, Proof, Proofs, RuleSet, alternatives, explain, find_gaps
from .reports import ReasoningReport
from .settings import Settings
from .store import Commit, Folder, Snapshot
from .values import Term, Value, predicate, term
from .versions import changes_between, commit_of, visible
from .versions.assertions import assertions_of
from .versions.compared import compared


class Reading:
    """The facade's verbs that read; `KnowledgeBase` has them all."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self._snapshot: Snapshot | None = None
        self._router = Router()
        self._proving: dict[tuple[str, graphs.Private], tuple[RuleSet, Relations, Relations]] = {}

    @property
    def settings(self) -> Settings:
        """What the store's ``kb.toml`` says."""
        return self.folder.settings

    def reason(self, *, accounts: int | None = 3) -> ReasoningReport:
        """Reason over the whole graph anew and report; every commit does so by itself.

        So many contradictions are told in full, with proofs and mends; None for all.
        """
        started = time.monotonic()
        inference = pipeline.infer(self.snapshot.image, reasoning=self.settings.reasoning)
        return ReasoningReport(
            public=inference.image.inferred_public.size,
            private=inference.image.inferred_private.size,
            rules=len(inference.rules.rules),
            seconds=time.monotonic() - started,
            contradictions=inference.contradictions,
            accounts=accounts_of(inference, inference.found[:accounts]),
            suspects=inference.suspects,
            unsupported=tuple(str(one) for one in inference.rules.unsupported),
        )

    def contradictions(
        self, *, accounts: int | None = 3, private: graphs.Private = True
    ) -> ContradictionReport:
        """What can't all be true, as the last commit left it; so many in full, with proofs and mends, None for all."""
        rules = self._premises(private)[0]
        inference = pipeline.noted(self.snapshot, rules) or pipeline.infer(
            self.snapshot.image, rules, reasoning=self.settings.reasoning
        )
        return report_of(inference, private=private, accounts=accounts)

    @property
    def snapshot(self) -> Snapshot:
        """The current snapshot; one look at the pointer tells whether another process has moved it."""
        name = self.folder.current_name()
        if self._snapshot is None or self._snapshot.name != name:
            self._snapshot = self.folder.current(earlier=self._snapshot)
        return self._snapshot

    def query(
        self,
        text: str,
        *,
        reasoning: bool = True,
        private: graphs.Private = True,
        parameters: Mapping[str, Term] | None = None,
        dataset: Dataset | None = None,
        engine: Choice = "auto",
    ) -> Result:
        """Run a SPARQL query; common prefixes are known. The result's `plan` tells which engine answered.

        Raises QueryError, Forbidden (SERVICE), NotCovered where `engine` is columns and they don't answer.
        """
        chosen = dataset or Dataset(private=private, inferred=reasoning)
        return self._router.run(self.snapshot, text, dataset=chosen, parameters=parameters, engine=engine)

    def ask(
        self,
        id: str,
        values: Mapping[str, Given] | None = None,
        *,
        reasoning: bool = True,
        private: graphs.Private = True,
    ) -> Result:
        """Ask a competency question by its id; what `values` leave out has its default.

        An entity is given as IRI, CURIE or what it is called. Raises NotFound, UsageError.
        """
        asked = question(id)
        terms = asked.terms(values or {}, partial(self.find, private=private))
        if asked.between:
            return self._asked_of_changes(asked, terms, private)
        return self.query(asked.bound(terms), reasoning=reasoning, private=private)

    def _asked_of_changes(
        self, asked: Question, terms: Mapping[str, ox.NamedNode | ox.Literal], private: graphs.Private
    ) -> Result:
        """The answer to a question about what changed between two commits."""
        journal = self.folder.journal
        seen = visible(journal.commits(), private=private)
        before, after = (commit_of(seen, terms[name].value) for name in asked.between)
        changes = changes_between(journal, before, after, private=private)
        return answered(compared(changes, self.snapshot.image, private=private), asked.bound(terms))

    def find(
        self, text: str, *, kind: str | None = None, limit: int = 10, private: graphs.Private = True
    ) -> list[Match]:
        """The entities that come closest to a name, code or GTIN, best first; typing errors are forgiven.

        Who does not see all private graphs finds what public ones name.
        """
        return find(self.snapshot, text, kind=kind, limit=limit, private=private is True)

    def explain(
        self, subject: Value, property: Value, object: Value, *, private: graphs.Private = True
    ) -> Proof:
        """Why a triple holds: a proof down to what was asserted, with the graphs and the commits that say so.

        Raises NotFound when it does not hold, or no proof is found within the bounds of the search.
        """
        rules, view, asserted = self._premises(private)
        dictionary = rules.dictionary
        triple = [str(term(part)) for part in (subject, property, object)]
        ids = [int(one) for one in dictionary.stored_of(dictionary.find(triple))]
        # In the same words where the store knows no such term: whoever asks may not see where it is known.
        proof = explain(rules, view, asserted, *ids, dictionary=dictionary) if all(ids) else None
        if proof is None:
            raise NotFound(
                f"No proof was found of {' '.join(triple)}", hint="ask with kb query whether it holds"
            )
        return self._sourced([proof], private)[0]

    def explain_all(
        self,
        subject: Value,
        property: Value,
        object: Value,
        *,
        at_most: int = 10,
        private: graphs.Private = True,
    ) -> Proofs:
        """Proofs of a triple that differ in their last step, at most so many.

        Raises NotFound as `explain` does.
        """
        first = self.explain(subject, property, object, private=private)
        rules, view, asserted = self._premises(private)
        dictionary = rules.dictionary
        texts = [str(part) for part in first.conclusion]
        s, p, o = (int(one) for one in dictionary.stored_of(dictionary.find(texts)))
        found = list(alternatives(rules, view, asserted, (s, p, o), dictionary=dictionary, at_most=at_most))
        return Proofs(tuple(self._sourced(found, private)) or (first,))

    def _sourced(self, proofs: list[Proof], private: graphs.Private) -> list[Proof]:
        """The proofs with what is known of their leaves."""
        leaves = (leaf for proof in proofs for leaf in proof.leaves())
        said = assertions_of(self.snapshot.image, self.folder.journal, leaves, private=private)
        return [proof.with_assertions(said) for proof in proofs]

    def explain_missing(
        self, subject: Value, property: Value, object: Value, *, private: graphs.Private = True
    ) -> Gaps:
        """Why a triple does not hold: the rules that come nearest to it, with the premises that they lack.

        Raises NotFound for a term that the store does not know, UsageError when the triple holds.
        """
        rules, view, _ = self._premises(private)
        dictionary = rules.dictionary
        triple = [str(term(part)) for part in (subject, property, object)]
        s, p, o = (int(one) for one in dictionary.stored_of(dictionary.find(triple)))
        if not (s and p and o):
            unknown = next(text for text, one in zip(triple, (s, p, o), strict=True) if not one)
            raise NotFound(f"The store does not know {unknown}", hint="look for it with kb find")
        if view.hold(p, pack(np.array([s]), np.array([o])))[0]:
            raise UsageError(f"{' '.join(triple)} holds", hint="ask for its proof with kb explain")
        return find_gaps(rules, view, (s, p, o), dictionary=dictionary)

    def log(self, *, private: graphs.Private = True) -> list[Commit]:
        """All commits, oldest first, but for those that touched another private graph than these."""
        return [one for one in self.folder.journal.commits() if one.visible(private)]

    def stats(self, *, private: graphs.Private = True) -> statistics.Stats:
        """The store in numbers."""
        return statistics.stats(self.folder, self.snapshot, private=private)

    def profile(self, *, private: graphs.Private = True) -> statistics.Profile:
        """What queries see, in numbers: triples by property, instances by class, as a VoID description says them."""
        return statistics.profile(self.snapshot, private=private)

    def dump(self, *, graph: str | None = None, private: graphs.Private = True) -> Iterator[bytes]:
        """All asserted data (or one graph of any kind) as N-Quads text in pieces, blank nodes blank again.

        The ontology, the shapes and the commits are a store's own and are dumped by name only.

        Raises NotFound for an unknown graph.
        """
        yield from dumps.dump(self.snapshot.image, graph=graph, private=private)

    def columns(
        self,
        property: Value,
        *,
        graph: str | None = None,
        reasoning: bool = True,
        private: graphs.Private = True,
    ) -> pa.Table:
        """All pairs of a property as an Arrow table: subject and object in N-Triples syntax, each pair once.

        A table of millions of pairs takes a second or two; `graph` limits it to what that one asserts.
        """
        image = self.snapshot.image
        key = image.dictionary.id(str(predicate(property)))
        if graph is None:
            pairs = image.view(private=private, inferred=reasoning).get_relation(key).pairs
        elif graphs.is_visible(graph, private):
            pairs = image.rows_of(graph).get(image.graph_id(graph), key)
        else:
            pairs = NO_PAIRS
        ends = [image.dictionary.decode(one) for one in (heads(pairs), tails(pairs))]
        return pa.table(ends, names=["subject", "object"])

    def _premises(self, private: graphs.Private) -> tuple[RuleSet, Relations, Relations]:
        """Rules, all facts and asserted facts of the current snapshot, made once for it."""
        key = (self.snapshot.name, private)
        known = self._proving.get(key)
        if known is None:
            image = self.snapshot.image
            everything = image.view(private=private, inferred=True).united(image.ontology)
            asserted = image.view(private=private, inferred=False).united(image.ontology)
            known = (pipeline.rules_of(image, reasoning=self.settings.reasoning), everything, asserted)
            self._proving = {key: known}
        return known
