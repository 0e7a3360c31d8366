"""Random updates on a store, whose default graph is a view, beside Oxigraph's own update on such a dataset."""

from __future__ import annotations

import os

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb import KnowledgeBase
from kb.skolem import unskolemised_triple
from tests.querying.update_grammar import XSD, at_home, canonical, ground, joined, operations, pattern

EXAMPLES = int(os.environ.get("KB_UPDATE_EXAMPLES", "500")) // 12


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> KnowledgeBase:
    """A store without ontology, shapes and reasoning."""
    place = tmp_path_factory.mktemp("bare") / "bare.kb"
    place.mkdir()
    (place / "kb.toml").write_text('ontology = []\nshapes = []\nreasoning = "none"\n')
    return KnowledgeBase.open(place)


class Model:
    """Named graphs in an Oxigraph store, whose default graph is made the union of them after each operation."""

    def __init__(self) -> None:
        self.store = ox.Store()

    def update(self, text: str) -> None:
        self.store.update(XSD + text)
        self.store.clear_graph(ox.DefaultGraph())
        self.store.extend([ox.Quad(*quad.triple) for quad in list(self.store)])

    def quads(self) -> list[ox.Quad]:
        """The quads of its graphs, as a dump shows them."""
        return [
            ox.Quad(*unskolemised_triple(quad), quad.graph_name)
            for quad in self.store
            if quad.graph_name != ox.DefaultGraph()
        ]


@given(
    content=ground,
    asked=st.lists(st.lists(operations(pattern), min_size=1, max_size=3), min_size=1, max_size=2),
)
@settings(max_examples=EXAMPLES)
def test_on_a_store_the_default_graph_is_a_view_of_all(bare: KnowledgeBase, content, asked) -> None:
    model = Model()
    bare.update(f"{XSD}DROP ALL ; INSERT DATA {{ {joined(content)} }}")
    model.update(f"INSERT DATA {{ {joined(at_home(content))} }}")
    for request in asked:
        bare.update(XSD + " ;\n".join(one.text for one in request))
        for one in request:
            model.update(one.model)
        held = ox.Store()
        held.load(b"".join(bare.dump()), format=ox.RdfFormat.N_QUADS, lenient=True)
        assert canonical(held) == canonical(model.quads())
