"""The pages, asked over HTTP."""

from __future__ import annotations

import re

import pyoxigraph as ox
import pytest

from kb.graphs import BASE
from tests.server.live import Server

PAGE = "text/html,application/xhtml+xml,*/*;q=0.8"
SPU = "/id/spu/velvet-lipstick"


def plain(page: str) -> str:
    """The words of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_the_home_page_counts_and_offers(server: Server) -> None:
    page = server.get("/", Accept=PAGE)
    assert page.type == "text/html"
    assert "1 standard product unit" in plain(page.text)
    assert 'action="/find"' in page.text and "Ask in SPARQL" in page.text


def test_an_entity_has_a_page_with_labels_in_both_languages(server: Server) -> None:
    text = plain(server.get(SPU, Accept=PAGE).text)
    for said in (
        "Velvet Lipstick",
        "丝绒口红",
        "standard product unit",
        "model number VL-20",
        "direct brand Aurelle Studio",
    ):
        assert said in text


def test_pages_speak_chinese_by_parameter_and_by_preference(server: Server) -> None:
    for page in (
        server.get(f"{SPU}?lang=zh", Accept=PAGE),
        server.get(SPU, Accept=PAGE, Accept_Language="zh-CN"),
    ):
        assert "<h1>丝绒口红</h1>" in page.text
        assert "型号" in page.text and "推理所得" in page.text


def test_what_was_inferred_is_marked_and_explained(server: Server) -> None:
    page = server.get(SPU, Accept=PAGE).text
    links = [link.replace("&amp;", "&") for link in re.findall(r'class="why" href="([^"]+)"', page)]
    family = next(link for link in links if "ofBrandFamily" in link and link.endswith("aurelle%3E"))
    assert "modelNumber" not in " ".join(links)
    proof = server.get(family, Accept="application/json").json
    assert proof["asserted"] is False and proof["premises"]
    shown = plain(server.get(family, Accept=PAGE).text)
    assert "Velvet Lipstick of brand family Aurelle" in shown and "asserted" in shown


def test_what_points_here_is_listed_with_its_number(server: Server) -> None:
    assert "variant of 1 Velvet Lipstick, red" in plain(server.get(SPU, Accept=PAGE).text)


def test_observations_of_offers_become_a_chart_of_the_product(server: Server) -> None:
    page = server.get(SPU, Accept=PAGE).text
    assert "price (CNY)" in page
    assert re.findall(r"<title>(2026-\d\d-\d\d: \d+)</title>", page) == [
        "2026-01-01: 149",
        "2026-02-01: 139",
        "2026-03-01: 129",
    ]


@pytest.mark.parametrize(
    ("accept", "format"),
    [
        ("text/turtle", ox.RdfFormat.TURTLE),
        ("application/n-triples", ox.RdfFormat.N_TRIPLES),
        ("application/ld+json", ox.RdfFormat.JSON_LD),
        ("application/rdf+xml", ox.RdfFormat.RDF_XML),
    ],
)
def test_an_entity_gives_its_data_to_programs(server: Server, accept: str, format: ox.RdfFormat) -> None:
    answer = server.get(SPU, Accept=accept)
    assert answer.type == accept
    triples = {(quad.subject.value, quad.object.value) for quad in ox.parse(answer.body, format=format)}
    assert (BASE + SPU[1:], "丝绒口红") in triples


def test_concepts_have_pages_like_entities(server: Server) -> None:
    assert "price" in plain(server.get("/vocab/metric/price", Accept=PAGE).text)


@pytest.mark.parametrize(
    "path", ["/id/spu/none", "/id/spu/%3E%20%7D%20DROP", "/id/../kb.toml", "/vocab/x", "/onto/nothing"]
)
def test_what_is_not_known_is_not_found(server: Server, path: str) -> None:
    answer = server.get(path)
    assert answer.status in (400, 404)
    assert answer.type == "application/problem+json"


def test_names_are_text_and_never_markup(server: Server) -> None:
    page = server.get("/id/merchant/lan", Accept=PAGE).text
    assert "Lan Beauty &lt;b&gt;&amp; Co&lt;/b&gt;" in page
    assert "<b>&" not in page


def test_the_ontology_answers_at_its_iri(server: Server) -> None:
    page = server.get("/onto", Accept=PAGE).text
    assert 'id="SPU"' in page and "标准产品单元" in page
    module = server.get("/onto/catalog", Accept="text/turtle")
    triples = set(ox.parse(module.body, format=ox.RdfFormat.TURTLE))
    owl = "http://www.w3.org/2002/07/owl#"
    kind, ontology = (
        ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type"),
        ox.NamedNode(f"{owl}Ontology"),
    )
    assert ox.Quad(ox.NamedNode(f"{BASE}onto/catalog"), kind, ontology) in triples
    version = next(quad.object.value for quad in triples if quad.predicate.value == f"{owl}versionIRI")
    assert server.get(f"/{version.removeprefix(BASE)}", Accept="text/turtle").body == module.body
    umbrella = server.get("/onto", Accept="text/turtle")
    assert len(list(ox.parse(umbrella.body, format=ox.RdfFormat.TURTLE))) > len(triples)


def test_each_term_has_its_page_in_both_languages(server: Server) -> None:
    page = plain(server.get("/ontology/hasBrand", Accept=PAGE).text)
    for said in (
        "has brand",
        "Relates a catalogue item to its own brand",
        "Follows from",
        "variant of",
        "then",
    ):
        assert said in page
    chinese = plain(server.get("/ontology/SPU?lang=zh", Accept=PAGE).text)
    for said in ("标准产品单元", "上位", "约束它的形状", "用到它的问题", "示例"):
        assert said in chinese


def test_a_term_is_rdf_for_programs(server: Server) -> None:
    answer = server.get("/ontology/hasBrand", Accept="text/turtle")
    triples = list(ox.parse(answer.body, format=ox.RdfFormat.TURTLE))
    assert {one.predicate.value.split("#")[1] for one in triples} >= {"label", "propertyChainAxiom", "first"}
    assert server.get("/ontology/nothing", Accept=PAGE).status == 404


def test_find_answers_boxes_and_people(server: Server) -> None:
    hits = server.get("/find?q=velvet&kind=ckb:SPU", Accept="application/json").json
    assert [hit["href"] for hit in hits] == [SPU]
    assert "Velvet Lipstick" in plain(server.get("/find?q=velvet", Accept=PAGE).text)
    assert server.get("/find?q=", Accept="application/json").json == []


def test_commits_are_listed_newest_first(server: Server) -> None:
    text = plain(server.bearing("analyst").get("/commits", Accept=PAGE).text)
    assert text.index("#3") < text.index("the shop") < text.index("#1")


def test_health_names_the_snapshot(server: Server) -> None:
    answer = server.get("/health")
    assert answer.json == {"status": "ok", "snapshot": answer.headers["X-Commerce-KB-Snapshot"]}


@pytest.mark.parametrize("path", ["/", SPU, "/sparql", "/nowhere", "/static/style.css"])
def test_every_answer_is_guarded_by_headers(server: Server, path: str) -> None:
    headers = server.get(path, Accept=PAGE).headers
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert (headers["X-Content-Type-Options"], headers["X-Frame-Options"]) == ("nosniff", "DENY")
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize(
    "path", ["/", SPU, "/onto", "/commits", "/find?q=velvet", "/sparql?query=ASK%20%7B%7D"]
)
def test_pages_hold_no_inline_script_or_style_and_load_nothing_from_elsewhere(
    server: Server, path: str
) -> None:
    page = server.get(path, Accept=PAGE).text
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page)
    assert not re.search(r'(?:src|<link[^>]*href)="(?:https?:)?//', page)


def test_every_local_link_of_a_page_leads_somewhere(server: Server) -> None:
    page = server.get(SPU, Accept=PAGE).text
    links = {link.replace("&amp;", "&").split("#")[0] for link in re.findall(r'href="(/[^"]*)"', page)}
    assert len(links) > 15
    links.remove("/sign-in")
    assert {link: server.get(link, Accept=PAGE).status for link in links} == dict.fromkeys(links, 200)


def test_a_commit_and_a_difference_have_pages_documents_and_patches(server: Server) -> None:
    listed = server.get("/commits", Accept=PAGE).text
    number = int(re.findall(r'href="/commits/(\d+)"', listed)[0])
    page = plain(server.get(f"/commits/{number}", Accept=PAGE).text)
    assert "the shop" in page and "Velvet Lipstick" in page
    assert "more" in plain(server.get(f"/commits/{number}?limit=3", Accept=PAGE).text).split()
    told = server.get(f"/commits/{number}?limit=3", Accept="application/json").json
    assert told["after"]["number"] == number and len(told["added"]) == 3 < told["counts"]["added"]
    patch = server.get(f"/commits/{number}", Accept="application/rdf-patch").text
    assert patch.count("\nA ") >= told["counts"]["added"] and patch.endswith("TC .\n")
    assert "丝绒口红" in server.get(f"/diff?before=1&after={number}&lang=zh", Accept=PAGE).text
    assert server.get("/diff").status == 400 and server.get("/commits/99").status == 404
