"""Exports are what their libraries expect, the same bytes each time, and tell nobody who the buyers are."""

from __future__ import annotations

import json
import runpy
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import Literal

from kb import KnowledgeBase
from kb.cli import run
from kb.errors import NotFound, SourceError, UsageError
from kb.exports import FORMATS, ExportOptions
from kb.exports.identifiers import numbered, numbers_of
from kb.exports.pykeen import split_triples
from kb.star import star_of

ID = "https://w3id.org/commerce-kb/id/"


@pytest.fixture(scope="module")
def shop(demo_store: Path) -> Iterator[KnowledgeBase]:
    with KnowledgeBase.open(demo_store, read_only=True) as knowledge:
        yield knowledge


@pytest.fixture(scope="module")
def made(shop: KnowledgeBase, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One export of each format."""
    folder = tmp_path_factory.mktemp("exports")
    for name in FORMATS:
        shop.export(name, folder / name, options=ExportOptions(core=2))
    return folder


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def lines_of(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_state_gives_the_same_bytes(
    name: str, shop: KnowledgeBase, made: Path, tmp_path: Path
) -> None:
    shop.export(name, tmp_path / name, options=ExportOptions(core=2))
    assert files_of(tmp_path / name) == files_of(made / name)


@pytest.mark.parametrize("name", FORMATS)
def test_the_manifest_lists_every_file_as_it_is(name: str, made: Path) -> None:
    manifest = json.loads((made / name / "manifest.json").read_text(encoding="utf-8"))
    files = files_of(made / name)
    del files["manifest.json"]
    assert {one["path"]: one["sha256"] for one in manifest["files"]} == {
        path: sha256(content).hexdigest() for path, content in files.items()
    }
    for one in manifest["files"]:
        if one["path"].endswith(".parquet"):
            assert pq.read_metadata(made / name / one["path"]).num_rows == one["rows"]
    assert manifest["ontology"] and manifest["graphs"] and manifest["privacy"] and manifest["licence"]


@pytest.mark.parametrize("name", FORMATS)
def test_no_buyer_order_or_event_is_named(name: str, shop: KnowledgeBase, made: Path) -> None:
    rows = shop.query(
        "SELECT ?node { { ?node a ckb:Buyer } UNION { ?node a ckb:Order } UNION { ?node a ckb:Interaction }"
        " UNION { ?node a ckb:OrderLine } }"
    ).to_arrow()
    named = {iri.removeprefix(ID) for iri in rows["node"].to_pylist()}
    assert len(named) > 1000
    for path in (made / name).rglob("*"):
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            texts = {
                str(value).removeprefix(ID)
                for column in table.columns
                if pa.types.is_string(column.type)
                for value in column.to_pylist()
            }
        elif path.is_file():
            texts = set(path.read_text(encoding="utf-8").replace(ID, "").replace('"', "\t").split())
        else:
            continue
        keys = {one.rpartition("/")[2] for one in named}
        assert not texts & (named | keys), path


def test_two_exports_of_other_names_share_no_pseudonym(shop: KnowledgeBase, tmp_path: Path) -> None:
    buyers = []
    for number, name in enumerate(("for-a-team", "for-another", "for-a-team")):
        shop.export("star-schema", tmp_path / str(number), options=ExportOptions(name=name))
        buyers.append(set(pq.read_table(tmp_path / str(number) / "dim_buyer.parquet")["buyer"].to_pylist()))
    assert not buyers[0] & buyers[1]
    assert buyers[0] == buyers[2]


def test_the_star_schema_is_read_as_partitions(shop: KnowledgeBase, made: Path) -> None:
    facts = ds.dataset(made / "star-schema" / "fact_order_line", partitioning="hive").to_table()
    count = shop.query("SELECT (COUNT(*) AS ?n) { ?line a ckb:OrderLine }").to_arrow()["n"][0].as_py()
    assert len(facts) == int(count)
    months = pc.strftime(facts["ordered_at"], "%Y-%m")
    assert months.to_pylist() == facts["month"].cast(pa.string()).to_pylist()


def test_recbole_files_agree_with_each_other(made: Path) -> None:
    folder = made / "recbole"
    settings = yaml.safe_load((folder / "dataset.yaml").read_text(encoding="utf-8"))
    tables = {}
    for part in ("train.inter", "valid.inter", "test.inter", "item", "user", "kg", "link"):
        header, *rows = lines_of(folder / f"recbole.{part}")
        assert all(":" in one and one.split(":")[1] in ("token", "token_seq", "float") for one in header)
        assert all(len(row) == len(header) for row in rows)
        tables[part] = [dict(zip((one.split(":")[0] for one in header), row, strict=True)) for row in rows]
        wanted = settings["load_col"][part.rpartition(".")[2]]
        assert set(wanted) <= set(tables[part][0])
    items, users = ({row[f"{kind}_id"] for row in tables[kind]} for kind in ("item", "user"))
    seen: Counter[tuple[str, str]] = Counter()
    for part in ("train", "valid", "test"):
        for row in tables[f"{part}.inter"]:
            assert row["item_id"] in items and row["user_id"] in users
            seen[row["user_id"], row["item_id"]] += 1
    assert max(seen.values()) == 1
    entities = {row[end] for row in tables["kg"] for end in ("head_id", "tail_id")}
    assert {row["entity_id"] for row in tables["link"]} <= entities | items
    times = {
        part: [float(row["timestamp"]) for row in tables[f"{part}.inter"]]
        for part in ("train", "valid", "test")
    }
    assert max(times["train"]) < min(times["valid"]) <= max(times["valid"]) < min(times["test"])


def test_knowledge_ends_where_validation_begins(shop: KnowledgeBase, made: Path) -> None:
    manifest = json.loads((made / "recbole" / "manifest.json").read_text(encoding="utf-8"))
    begins = datetime.fromisoformat(manifest["valid_from"])
    published = {
        row["content"].removeprefix(ID): datetime.fromisoformat(str(row["at"]).replace("Z", "+00:00"))
        for row in shop.query("SELECT ?content ?at { ?content ckb:publishedAt ?at }").to_arrow().to_pylist()
    }
    rows = lines_of(made / "recbole" / "recbole.kg")[1:]
    shown = {row[0] for row in rows if row[1] in ("ckb:features", "ckb:createdBy")}
    later = {one for one, at in published.items() if at.replace(tzinfo=UTC) >= begins}
    assert shown and later
    assert not shown & later


@pytest.mark.parametrize("name", ["pykeen", "recbole"])
def test_no_edge_stands_both_ways(name: str, made: Path) -> None:
    files = ("train.txt", "valid.txt", "test.txt") if name == "pykeen" else ("recbole.kg",)
    rows = [row[:3] for file in files for row in lines_of(made / name / file)]
    pairs = Counter(frozenset((head, tail)) for head, _, tail in rows)
    both = {(head, tail) for head, _, tail in rows} & {(tail, head) for head, _, tail in rows}
    assert len(rows) > 500
    assert not both
    assert max(pairs.values()) == 1 or all(
        len({row[1] for row in rows if {row[0], row[2]} == pair}) == count for pair, count in pairs.items()
    )


def test_kgat_says_what_recbole_says_in_numbers(made: Path) -> None:
    folder = made / "kgat"
    names = {}
    for kind in ("user", "item", "entity", "relation"):
        head, *rows = (line.split(" ") for line in (folder / f"{kind}_list.txt").read_text().splitlines())
        assert head == ["org_id", "remap_id"] and [int(row[1]) for row in rows] == list(range(len(rows)))
        names[kind] = [row[0] for row in rows]
    assert names["entity"][: len(names["item"])] == names["item"]
    for part in ("train", "valid", "test"):
        lines = [
            list(map(int, line.split(" "))) for line in (folder / f"{part}.txt").read_text().splitlines()
        ]
        assert [line[0] for line in lines] == sorted({line[0] for line in lines})
        told = [(user, names["item"][item]) for user, *items in lines for item in items]
        rows = lines_of(made / "recbole" / f"recbole.{part}.inter")[1:]
        assert Counter(item for _, item in told) == Counter(row[1] for row in rows)
        assert sorted(Counter(user for user, _ in told).values()) == sorted(
            Counter(row[0] for row in rows).values()
        )
    triples = [
        tuple(map(int, line.split(" "))) for line in (folder / "kg_final.txt").read_text().splitlines()
    ]
    entity, relation = names["entity"], names["relation"]
    told_edges = {(entity[head], relation[name], entity[tail]) for head, name, tail in triples}
    assert told_edges == {tuple(row[:3]) for row in lines_of(made / "recbole" / "recbole.kg")[1:]}
    assert len(triples) == len(told_edges) > 500


def test_pykeen_tests_only_what_was_trained(made: Path) -> None:
    parts = {name: lines_of(made / "pykeen" / f"{name}.txt") for name in ("train", "valid", "test")}
    trained = {term for row in parts["train"] for term in row}
    assert len(parts["test"]) > 10 and len(parts["valid"]) > 10
    assert {term for name in ("valid", "test") for row in parts[name] for term in row} <= trained
    numbered_terms = [row[1] for row in lines_of(made / "pykeen" / "entities.dict")]
    assert sorted(numbered_terms) == numbered_terms
    relations = {row[1] for row in lines_of(made / "pykeen" / "relations.dict")}
    assert set(numbered_terms) | relations == trained


terms = st.sampled_from("abcdefgh")


@given(st.lists(st.tuples(terms, st.sampled_from("rst"), terms), unique=True))
def test_a_split_loses_nothing_and_trains_every_term(triples: list[tuple[str, str, str]]) -> None:
    parts = split_triples(triples)
    assert sorted(triple for part in parts.values() for triple in part) == sorted(triples)
    assert {term for triple in triples for term in triple} == {
        term for triple in parts["train"] for term in triple
    }


def test_pyg_numbers_have_no_gaps_and_edges_stay_within_them(made: Path) -> None:
    folder = made / "pyg"
    metadata = json.loads((folder / "metadata.json").read_text(encoding="utf-8"))
    for kind, count in metadata["nodes"].items():
        assert pq.read_table(folder / "maps" / f"{kind}_map.parquet")["id"].to_pylist() == list(range(count))
    assert len(metadata["edges"]) > 15
    for source, relation, target in metadata["edges"]:
        table = pq.read_table(folder / "edges" / f"{source}__{relation}__{target}.parquet")
        assert pc.max(table["src"]).as_py() < metadata["nodes"][source]
        assert pc.max(table["dst"]).as_py() < metadata["nodes"][target]
        assert not table["src"].null_count + table["dst"].null_count


def test_the_pyg_loader_builds_the_graph(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Store(dict):
        def __getitem__(self, key: object) -> Store:
            return self.setdefault(key, Store())

        def __setattr__(self, name: str, value: object) -> None:
            dict.__setitem__(self, name, value)

    torch = type(sys)("torch")
    torch.from_numpy, torch.stack = (lambda one: one), list
    parts = [type(sys)(name) for name in ("torch_geometric", "torch_geometric.data")]
    parts[1].HeteroData = Store
    for module in (torch, *parts):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    data = runpy.run_path(str(made / "pyg" / "load.py"))["load"](made / "pyg")
    edges = data["buyer", "interacts_train", "spu"]
    assert len(edges["edge_index"][0]) == len(edges["time"]) == len(edges["weight"]) > 100


@given(st.lists(st.sets(st.sampled_from("abcdefghij"), max_size=6), max_size=5))
def test_numbers_never_change_their_meaning(
    tmp_path_factory: pytest.TempPathFactory, rounds: list[set[str]]
) -> None:
    place = tmp_path_factory.mktemp("maps") / "map.parquet"
    seen: dict[str, int] = {}
    for iris in rounds:
        column = pa.array(sorted(iris), pa.string())
        numbering = numbered(column, "item", before=place)
        assert numbering["id"].to_pylist() == list(range(len(numbering)))
        found = dict(zip(column.to_pylist(), numbers_of(column, numbering).to_pylist(), strict=True))
        assert all(seen.get(iri, number) == number for iri, number in found.items())
        seen |= found
        pq.write_table(numbering, place)


def test_a_later_export_keeps_the_numbers(demo_store: Path, tmp_path: Path) -> None:
    place = tmp_path / "shop.kb"
    shutil.copytree(demo_store, place)
    options = ExportOptions(core=1)
    with KnowledgeBase.open(place) as knowledge:
        knowledge.export("pyg", tmp_path / "pyg", options=options)
        before = pq.read_table(tmp_path / "pyg" / "maps" / "brand_map.parquet")
        with knowledge.commit(source="more", message="a brand that sorts first") as change:
            change.add(f"{ID}brand/A0", "rdf:type", "ckb:Brand")
            change.add(f"{ID}brand/A0", "rdfs:label", Literal("Aaa", language="en"))
            change.add(f"{ID}brand/A0", "ckb:directSubBrandOf", f"{ID}{before['iri'][0].as_py()}")
        assert change.report.commit
        knowledge.export("pyg", tmp_path / "pyg", options=options)
    after = pq.read_table(tmp_path / "pyg" / "maps" / "brand_map.parquet")
    assert after.slice(0, len(before)).equals(before)
    assert after["iri"].to_pylist()[len(before) :] == ["brand/A0"]


def test_changes_add_up_to_the_whole(demo_store: Path, tmp_path: Path) -> None:
    place = tmp_path / "shop.kb"
    shutil.copytree(demo_store, place)
    with KnowledgeBase.open(place) as knowledge:
        knowledge.export("star-schema", tmp_path / "before")
        start = knowledge.log()[-1].number
        offers = (
            knowledge.query(
                "SELECT ?offer ?price ?graph { GRAPH ?graph { ?offer ckb:price ?price } } ORDER BY ?offer LIMIT 3",
                reasoning=False,
            )
            .to_arrow()
            .to_pylist()
        )
        knowledge.update(
            f"""DELETE {{ GRAPH ?g {{ <{offers[0]["offer"]}> ckb:price ?old }} }}
                INSERT {{ GRAPH ?g {{ <{offers[0]["offer"]}> ckb:price 1.5 }} }}
                WHERE {{ GRAPH ?g {{ <{offers[0]["offer"]}> ckb:price ?old }} }}""",
            source="prices",
        )
        knowledge.update(
            """DELETE { GRAPH ?g { ?order ?p ?o . ?line ?q ?r } } WHERE {
                { SELECT ?order { ?order a ckb:Order } ORDER BY ?order LIMIT 2 }
                GRAPH ?g { ?order ?p ?o ; ckb:hasLine ?line . ?line ?q ?r } }""",
            source="orders",
        )
        with knowledge.commit(source="more", message="one more brand") as change:
            change.add(f"{ID}brand/new", "rdf:type", "ckb:Brand")
            change.add(f"{ID}brand/new", "rdfs:label", Literal("New", language="en"))
        knowledge.export("star-schema", tmp_path / "after")
        knowledge.export("star-schema", tmp_path / "changes", since=start)
        with star_of(knowledge.snapshot.image) as star:
            definitions = star.definitions
        past = knowledge.at(start)
        past.export("star-schema", tmp_path / "past")
    changed = set()
    for name in definitions:
        old, new = (_rows(tmp_path / side, name) for side in ("before", "after"))
        assert _rows(tmp_path / "past", name) == old
        key = definitions[name].key
        merged = {tuple(row[one] for one in key): row for row in old}
        upserts, deletes = (
            tmp_path / "changes" / f"{name}.{kind}.parquet" for kind in ("upserts", "deletes")
        )
        if deletes.exists():
            changed.add(f"{name}-")
            for row in pq.read_table(deletes).to_pylist():
                del merged[tuple(row[one] for one in key)]
        if upserts.exists():
            changed.add(f"{name}+")
            merged |= {tuple(row[one] for one in key): row for row in pq.read_table(upserts).to_pylist()}
        assert sorted(merged.values(), key=str) == sorted(new, key=str), name
    assert {"dim_offer+", "dim_brand+", "fact_order_line-"} <= changed


def _rows(folder: Path, name: str) -> list[dict]:
    single = folder / f"{name}.parquet"
    if single.exists():
        return pq.read_table(single).to_pylist()
    parts = sorted((folder / name).rglob("*.parquet"))
    return [row for part in parts for row in pq.read_table(part, partitioning=None).to_pylist()]


def test_a_feed_of_schema_org_comes_back(made: Path, knowledge: KnowledgeBase, shop: KnowledgeBase) -> None:
    report = knowledge.load(made / "schema-org" / "products.jsonld", mapping="schema.org", source="back")
    assert report.commit
    question = """SELECT ?sku ?gtin ?spu ?label {
        ?sku a ckb:SKU ; ckb:gtin ?gtin ; ckb:variantOf ?spu ; rdfs:label ?label }"""
    before, after = (one.query(question).to_arrow().to_pylist() for one in (shop, knowledge))
    spus: dict[str, set[str]] = {}
    for row in before:
        spus.setdefault(row["gtin"], set()).add(row["spu"])
    # A GTIN that two SPUs share is a planted fault, and what comes back is held back.
    told = {(row["gtin"], row["spu"], row["label"]) for row in before if len(spus[row["gtin"]]) == 1}
    assert len(told) > 50
    assert {(row["gtin"], row["spu"], row["label"]) for row in after} == told


def test_nothing_to_recommend_is_said(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="No buyer"):
        knowledge.export("recbole", tmp_path / "out")
    assert list(tmp_path.glob("*out*")) == []


def test_what_is_no_export_is_not_replaced(shop: KnowledgeBase, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(UsageError, match="no export"):
        shop.export("pykeen", tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["mine.txt"]


def test_mistakes_are_named(shop: KnowledgeBase, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="csv"):
        shop.export("csv", tmp_path / "out")
    with pytest.raises(UsageError, match="star-schema"):
        shop.export("pykeen", tmp_path / "out", since=1)
    with pytest.raises(UsageError, match="core"):
        ExportOptions(core=0)


def test_the_command_line_exports(
    demo_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "triples"
    assert run(["export", "pykeen", str(place), "--store", str(demo_store), "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rows"]["train.txt"] == len(lines_of(place / "train.txt"))
    assert run(["export", "recbole", str(tmp_path / "r"), "--store", str(demo_store), "--core", "2"]) == 0
    assert "r.kg" in capsys.readouterr().out
