"""A grammar of random updates and datasets, and how two datasets are compared."""

from __future__ import annotations

from dataclasses import dataclass

import pyoxigraph as ox
from hypothesis import strategies as st

from kb.graphs import GENID, of_source

SUBJECTS = ["<urn:a>", "<urn:b>", f"<{GENID}4f1c/0-b>"]
PREDICATES = ["<urn:p>", "<urn:q>"]
LITERALS = [
    *("1", "01", "1.50", '"1.5"^^xsd:decimal', "1e0", '"2026-01-01T00:00:00Z"^^xsd:dateTime', "true"),
    *(
        '"1"^^xsd:boolean',
        '"x"@EN',
        '"x"@en',
        '"x"',
        '"x\\n\\u00e9"',
        '"x"^^<urn:type>',
        '"many"^^xsd:integer',
    ),
]
OBJECTS = [*SUBJECTS, *LITERALS]
VARIABLES = ["?x", "?y", "?z"]
GRAPHS = ["<urn:g>", "<urn:h>"]
HOME = f"<{of_source('update')}>"
XSD = "PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>\n"


@dataclass(frozen=True)
class Block:
    """Triples in a graph, or in none."""

    triples: str
    graph: str | None = None

    def __str__(self) -> str:
        return f"GRAPH {self.graph} {{ {self.triples} }}" if self.graph else self.triples


@dataclass(frozen=True)
class Operation:
    """An operation as it is asked here, and as Oxigraph is asked where a default graph is only a view."""

    text: str
    model: str


def blocks(subjects, predicates, objects, *, graphs=tuple(GRAPHS)) -> st.SearchStrategy[list[Block]]:
    one = st.builds("{} {} {} .".format, *(map(st.sampled_from, (subjects, predicates, objects))))
    some = st.lists(one, min_size=1, max_size=2).map(" ".join)
    plain, named = st.builds(Block, some), st.builds(Block, some, st.sampled_from(graphs))
    return st.lists(plain | named, max_size=3)


def joined(some: list[Block]) -> str:
    return " ".join(map(str, some))


def everywhere(some: list[Block]) -> list[Block]:
    """What deleting without a graph means: deleting in every graph."""
    return [
        named
        for one in some
        for named in ([one] if one.graph else [Block(one.triples, graph) for graph in (*GRAPHS, HOME)])
    ]


def at_home(some: list[Block]) -> list[Block]:
    """What inserting without a graph means: inserting into the graph of the source."""
    return [Block(one.triples, one.graph or HOME) for one in some]


ground = blocks(SUBJECTS, PREDICATES, OBJECTS)
deleted = blocks([*VARIABLES, *SUBJECTS], [*PREDICATES, "?y"], [*VARIABLES, *LITERALS])
inserted = blocks([*VARIABLES, "_:n", *SUBJECTS], PREDICATES, [*VARIABLES, "_:n", "_:m", *LITERALS])
basic = blocks([*SUBJECTS, *VARIABLES], [*PREDICATES, "?y"], [*OBJECTS, *VARIABLES])
clause = st.one_of(
    basic.map(joined),
    basic.map(lambda some: f"OPTIONAL {{ {joined(some)} }}"),
    basic.map(lambda some: f"MINUS {{ {joined(some)} }}"),
    st.builds("{{ {} }} UNION {{ {} }}".format, basic.map(joined), basic.map(joined)),
    basic.map(lambda some: f"FILTER NOT EXISTS {{ {joined(some)} }}"),
    st.sampled_from(
        [
            "FILTER(?x = ?y)",
            "FILTER(isLiteral(?z) && ?z > 1)",
            "FILTER(lang(?y) = 'en')",
            "BIND(STR(?x) AS ?w)",
            "VALUES (?x ?z) { (<urn:a> 1) (<urn:b> UNDEF) }",
            "?x <urn:p>/<urn:q>? ?z .",
            "?x (<urn:p>|^<urn:q>)+ ?y .",
            "{ SELECT ?x (COUNT(*) AS ?n) { ?x <urn:p> ?o } GROUP BY ?x }",
        ]
    ),
)
pattern = st.lists(clause, max_size=3, unique=True).map(" ".join)
# GRAPH ?g would find the store's own graphs where there are some.
pattern_of_any_graph = st.one_of(
    pattern, basic.map(lambda some: f"GRAPH ?g {{ {joined(some[:1]) or '?x ?y ?z'} }}")
)
scope = st.sampled_from(["", "", "USING <urn:g>", "USING NAMED <urn:h>", "USING <urn:g> USING NAMED <urn:h>"])
place = st.sampled_from([*GRAPHS, "DEFAULT"])
keyword = st.sampled_from(["INSERT DATA", "insert data", "Insert # data\n Data"])


def data(verb: str, some: list[Block], model: list[Block]) -> Operation:
    return Operation(f"{verb} {{ {joined(some)} }}", f"{verb} {{ {joined(model)} }}")


def modify(home: str, gone: list[Block], new: list[Block], using: str, where: str) -> Operation:
    form = "{} DELETE {{ {} }} INSERT {{ {} }} {} WHERE {{ {} }}"
    text = form.format(home, joined(gone), joined(new), using, where)
    if home:
        return Operation(text, text)
    return Operation(text, form.format("", joined(everywhere(gone)), joined(at_home(new)), using, where))


def delete_where(some: list[Block]) -> Operation:
    gone = joined(everywhere(some))
    return Operation(f"DELETE WHERE {{ {joined(some)} }}", f"DELETE {{ {gone} }} WHERE {{ {joined(some)} }}")


def manage(verb: str, whole: str) -> Operation:
    named = {"DEFAULT": [HOME], "NAMED": GRAPHS, "ALL": [*GRAPHS, HOME]}.get(whole, [whole.split()[-1]])
    model = " ;\n".join(f"{verb} SILENT GRAPH {one}" for one in named)
    return Operation(f"{verb} SILENT {whole}", model)


def transfer(verb: str, source: str, target: str) -> Operation:
    """Oxigraph takes a missing source for an empty one; here each source is there."""
    create = " ;\n".join(f"CREATE SILENT GRAPH {one}" for one in GRAPHS)
    ours = {"DEFAULT": HOME}
    form = "{} ;\n{} {} TO {}"
    model = form.format(
        f"{create} ;\nCREATE SILENT GRAPH {HOME}", verb, ours.get(source, source), ours.get(target, target)
    )
    return Operation(form.format(create, verb, source, target), model)


def operations(where: st.SearchStrategy[str]) -> st.SearchStrategy[Operation]:
    whole = st.sampled_from(["DEFAULT", "NAMED", "ALL", *(f"GRAPH {one}" for one in GRAPHS)])
    return st.one_of(
        st.builds(lambda verb, some: data(verb, some, at_home(some)), keyword, ground),
        st.builds(lambda some: data("DELETE DATA", some, everywhere(some)), ground),
        st.builds(delete_where, basic),
        st.builds(
            modify, st.sampled_from(["", "", "WITH <urn:g>", "WITH <urn:h>"]), deleted, inserted, scope, where
        ),
        st.builds(manage, st.sampled_from(["CLEAR", "DROP"]), whole),
        st.builds(transfer, st.sampled_from(["COPY", "MOVE", "ADD"]), place, place),
        st.sampled_from([*GRAPHS]).map(
            lambda one: Operation(f"CREATE SILENT GRAPH {one}", f"CREATE SILENT GRAPH {one}")
        ),
    )


def canonical(quads) -> str:
    """The canonical N-Quads of a dataset."""
    dataset = ox.Dataset(quads)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return "\n".join(sorted(map(str, dataset)))
