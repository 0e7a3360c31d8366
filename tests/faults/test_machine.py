"""Commits, loads, updates, reverts, reopenings and crashes in any order, beside a plain Python set of quads."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

import pyoxigraph as ox
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kb import KnowledgeBase, LoadOptions, LoadReport
from kb.graphs import is_private, of_source
from tests.faults.killing import ROUNDS, SMALL

Triple = tuple[str, str, str]
Quad = tuple[str, str, str, str]
Quads = dict[Quad, str]

triple = st.tuples(
    st.sampled_from(["urn:a", "urn:b", "urn:c"]),
    st.sampled_from(["urn:p", "urn:q"]),
    st.sampled_from(["<urn:a>", '"x"', '"1.5"^^D', '"1.50"^^D', '"x"@en', '"\\u00e9 \\" ."']),
)


def value(one: Triple) -> Triple:
    """Two forms of one value never come in one commit."""
    return (*one[:2], one[2].replace("1.50", "1.5"))


triples = st.lists(triple, min_size=1, max_size=5, unique_by=value)
source = st.sampled_from(["one", "two", "update"])
DECIMAL = "<http://www.w3.org/2001/XMLSchema#decimal>"


def text(one: Triple) -> str:
    """A triple as N-Triples."""
    subject, predicate, value = one
    return f"<{subject}> <{predicate}> {value.replace('^^D', f'^^{DECIMAL}')} ."


def quads(some: list[Triple], graph: str) -> Quads:
    """Quads as Oxigraph keeps them and a dump shows them, each with its object as it was written."""
    found: Quads = {}
    for one in some:
        (written,) = ox.parse(text(one).encode(), format=ox.RdfFormat.N_TRIPLES)
        store = ox.Store()
        store.add(ox.Quad(*written.triple, ox.NamedNode(graph)))
        (kept,) = store
        found[tuple(map(str, kept))] = str(written.object)  # type: ignore[index]
    return found


class Store(RuleBasedStateMachine):
    """A store and what it should hold."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="kb-machine-", ignore_cleanup_errors=True)
        self.path = Path(self.folder.name) / "bare.kb"
        self.path.mkdir()
        (self.path / "kb.toml").write_text(f'{SMALL}keep_seconds = 0\ndurability = "os"\n')
        self.knowledge = KnowledgeBase.open(self.path)
        self.knowledge.init()
        self.abandoned: list[KnowledgeBase] = []
        self.quads: Quads = {}
        self.commits: list[tuple[str, Quads, Quads]] = [("ontology", {}, {})]

    def teardown(self) -> None:
        for one in (self.knowledge, *self.abandoned):
            one.close()
        self.folder.cleanup()

    def expect(self, report: LoadReport, source: str, *, added: Quads, removed: Iterable[Quad] = ()) -> None:
        """Enter a change: what is added stays where it is removed too; another spelling goes and comes."""
        gained = {quad: written for quad, written in added.items() if self.quads.get(quad) != written}
        gone = {*gained, *(set(removed) - set(added))}
        lost = {quad: written for quad, written in self.quads.items() if quad in gone}
        assert (report.commit is None) == (not gained and not lost)
        assert (report.added, report.removed) == (len(gained), len(lost))
        if gained or lost:
            self.quads = {quad: written for quad, written in self.quads.items() if quad not in gone} | gained
            self.commits.append((source, gained, lost))

    @rule(source=source, added=triples, removed=triples, private=st.booleans())
    def commit(self, source: str, added: list[Triple], removed: list[Triple], private: bool) -> None:
        with self.knowledge.commit(source=source, message="a commit", private=private) as change:
            for one in added:
                change.added += self.given(one, of_source(source, private=private))
            for one in removed:
                change.removed += self.given(one, of_source(source, private=private))
        graph = of_source(source, private=private)
        self.expect(change.report, source, added=quads(added, graph), removed=quads(removed, graph))

    @staticmethod
    def given(one: Triple, graph: str) -> list[ox.Quad]:
        return [
            ox.Quad(*quad.triple, ox.NamedNode(graph))
            for quad in ox.parse(text(one).encode(), format=ox.RdfFormat.N_TRIPLES)
        ]

    @rule(source=source, some=triples, replace=st.booleans(), private=st.booleans())
    def load(self, source: str, some: list[Triple], replace: bool, private: bool) -> None:
        path = Path(self.folder.name) / "feed.nt"
        path.write_text("\n".join(map(text, some)))
        options = LoadOptions(mode="replace" if replace else "add", private=private)
        report = self.knowledge.load(path, source=source, options=options)
        own = {of_source(source), of_source(source, private=True)} | self.written(source) - {
            graph for other in {one for one, _, _ in self.commits} - {source} for graph in self.written(other)
        }
        removed = [quad for quad in self.quads if quad[3][1:-1] in own and replace]
        self.expect(report, source, added=quads(some, of_source(source, private=private)), removed=removed)

    def written(self, source: str) -> set[str]:
        """The graphs that a source ever wrote to."""
        return {
            quad[3][1:-1]
            for one, *changes in self.commits
            if one == source
            for some in changes
            for quad in some
        }

    @rule(some=triples, source=source, at=st.sampled_from(["one", "two", None]), adds=st.booleans())
    def update(self, some: list[Triple], source: str, at: str | None, adds: bool) -> None:
        body = " ".join(map(text, some))
        named = f"GRAPH <{of_source(at)}> {{ {body} }}" if at else body
        meant = {quad[:3] for quad in quads(some, "urn:g")}
        if not adds and not at and not meant <= {quad[:3] for quad in self.quads}:
            return  # An error: what no source says can't be deleted.
        report = self.knowledge.update(f"{'INSERT' if adds else 'DELETE'} DATA {{ {named} }}", source=source)
        if adds:
            fresh = quads(some, of_source(at or source)).items()
            self.expect(
                report, source, added={one: written for one, written in fresh if one not in self.quads}
            )
            return
        there = [
            quad for quad in self.quads if quad[:3] in meant and (not at or quad[3] == f"<{of_source(at)}>")
        ]
        self.expect(report, source, added={}, removed=there)

    @precondition(lambda self: len(self.commits) > 1)
    @rule(data=st.data())
    def revert(self, data: st.DataObject) -> None:
        number = data.draw(st.integers(2, len(self.commits)))
        source, gained, lost = self.commits[number - 1]
        self.expect(self.knowledge.revert(str(number)), source, added=lost, removed=gained)

    @rule()
    def reopen(self) -> None:
        self.knowledge.close()
        self.knowledge = KnowledgeBase.open(self.path)

    @rule()
    def abandon(self) -> None:
        """As after a crash: nobody closes what was open."""
        self.abandoned.append(self.knowledge)
        self.knowledge = KnowledgeBase.open(self.path)

    @rule()
    def another_writer(self) -> None:
        with KnowledgeBase.open(self.path) as other, other.commit(source="other", message="x") as change:
            change.add("urn:a", "urn:other", len(self.commits))
        graph = f"<{of_source('other')}>"
        number = f'"{len(self.commits)}"^^<http://www.w3.org/2001/XMLSchema#integer>'
        self.expect(change.report, "other", added={("<urn:a>", "<urn:other>", number, graph): number})

    @invariant()
    def the_store_holds_what_it_should(self) -> None:
        dumped = ox.parse(b"".join(self.knowledge.dump()), format=ox.RdfFormat.N_QUADS)
        assert {tuple(map(str, quad)) for quad in dumped} == set(self.quads)
        shown = self.knowledge.query("SELECT ?s ?p ?o { ?s ?p ?o }")
        assert {tuple(str(row[name]) for name in "spo") for row in shown} == {quad[:3] for quad in self.quads}
        public = self.knowledge.query("SELECT ?s ?p ?o { ?s ?p ?o }", private=False)
        assert {tuple(str(row[name]) for name in "spo") for row in public} == {
            quad[:3] for quad in self.quads if not is_private(quad[3][1:-1])
        }

    @invariant()
    def the_log_says_what_happened(self) -> None:
        said = [(one.source, one.added, one.removed) for one in self.knowledge.log()]
        assert said[1:] == [(one, len(gained), len(lost)) for one, gained, lost in self.commits[1:]]


TestStore = Store.TestCase
TestStore.settings = settings(
    max_examples=ROUNDS // 2,
    stateful_step_count=12,
    suppress_health_check=list(HealthCheck),
)
