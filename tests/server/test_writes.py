"""Changes over HTTP: each is one commit through the gate, wholly or not at all."""

from __future__ import annotations

import gzip
import json
import time
from urllib.parse import quote, urlencode

import pyoxigraph as ox
import pytest

from kb.graphs import GRAPH, PRIVATE
from tests.server.live import Answer, Server

UPDATE = "application/sparql-update"
MINE = f"{GRAPH}mine"
BRAND = "https://w3id.org/commerce-kb/id/brand/nova"
CKB = "https://w3id.org/commerce-kb/onto#"
BAD = f"INSERT DATA {{ <{BRAND}> a <{CKB}Brand> }}"


@pytest.fixture
def writer(writable: Server) -> Server:
    return writable.bearing("writer")


def update(server: Server, text: str, path: str = "/sparql", **headers: str) -> Answer:
    return server.ask("POST", path, body=text.encode(), Content_Type=UPDATE, **headers)


def ask(server: Server, text: str) -> bool:
    return server.get(f"/sparql?{urlencode({'query': text})}").json["boolean"]


def snapshot(server: Server) -> str:
    return server.get("/health").json["snapshot"]


def test_an_update_is_a_commit_of_its_bearer_that_the_next_request_sees(writable: Server) -> None:
    writer = writable.bearing("writer", name=f"ann-{time.time_ns()}")
    name = json.dumps(writer.headers)  # A fresh name each time.
    answer = update(writer, f"INSERT DATA {{ <urn:{hash(name)}> <urn:p> 1 }}", Commit_Message="%E6%96%B0 one")
    assert (answer.status, answer.json["added"]) == (200, 1)
    assert answer.headers["X-Commerce-KB-Snapshot"] == snapshot(writable)
    assert ask(writable, f"ASK {{ <urn:{hash(name)}> ?p 1 }}")
    page = writable.get("/commits", Accept="text/html").text
    assert "新 one" in page and "ann-" in page


def test_a_form_updates_too_with_the_dataset_of_the_protocol(writer: Server) -> None:
    update(writer, f"INSERT DATA {{ GRAPH <{MINE}> {{ <urn:in> <urn:mine> 1 }} }}")
    text = "INSERT { GRAPH <urn:copy> { ?s <urn:copied> ?o } } WHERE { ?s <urn:mine> ?o }"

    def copied(graph: str) -> int:
        form = urlencode({"update": text, "using-graph-uri": graph})
        answer = writer.ask(
            "POST", "/sparql", body=form.encode(), Content_Type="application/x-www-form-urlencoded"
        )
        assert answer.status == 200, answer.text
        return answer.json["added"]

    assert (copied("urn:none"), copied(MINE)) == (0, 1)
    clash = update(writer, f"WITH <{MINE}> {text}", path=f"/sparql?using-named-graph-uri={quote(MINE)}")
    assert (clash.status, "using-graph-uri" in clash.text) == (400, True)


def test_what_the_gate_refuses_leaves_nothing_and_says_why(writer: Server) -> None:
    before = snapshot(writer)
    answer = update(writer, f"{BAD} ; INSERT DATA {{ <urn:good> <urn:p> 1 }}")
    assert (answer.status, answer.type) == (422, "application/problem+json")
    assert BRAND in answer.json["text"]
    assert any(one["severity"] == "Violation" for one in answer.json["report"]["results"])
    assert snapshot(writer) == before
    assert not ask(writer, "ASK { { <urn:good> ?p ?o } UNION { GRAPH ?g { <urn:good> ?p ?o } } }")


def test_a_refusal_tells_who_sees_not_all_no_value_of_others(writable: Server) -> None:
    limited = writable.bearing("writer", graphs=(MINE,))
    answer = update(limited, f"WITH <{MINE}> INSERT {{ <{BRAND}> a <{CKB}Brand> }} WHERE {{}}")
    assert answer.status == 422
    assert not {"report", "text", "where"} & set(answer.json)


def test_if_match_commits_only_at_the_snapshot_that_it_names(writer: Server) -> None:
    first = snapshot(writer)
    done = update(writer, f"INSERT DATA {{ <urn:m> <urn:p> {time.time_ns()} }}", If_Match=f'"{first}"')
    assert done.status == 200
    late = update(writer, "INSERT DATA { <urn:late> <urn:p> 1 }", If_Match=f'"{first}"')
    assert (late.status, first in late.text) == (412, True)
    assert not ask(writer, "ASK { <urn:late> ?p ?o }")
    tag = writer.get("/graph/shop").headers["ETag"]
    assert writer.ask(
        "PUT", "/graph/mine", body=b"<urn:e> <urn:p> 1 .", Content_Type="text/turtle", If_Match=tag
    ).status in (200, 201)
    assert writer.ask("DELETE", "/graph/mine", If_Match=tag).status == 412


def test_load_and_service_are_off(writer: Server) -> None:
    for text in (
        "LOAD <file:///etc/hostname>",
        "LOAD <http://127.0.0.1:1/x.ttl>",
        "INSERT { ?s ?p ?o } WHERE { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }",
    ):
        assert update(writer, text).status == 403, text


def triples(answer: Answer, form: ox.RdfFormat) -> set[str]:
    return {str(quad.triple) for quad in ox.parse(answer.body, format=form)}


@pytest.mark.parametrize("path", ["/graph/gsp", f"/store?graph={quote(GRAPH + 'gsp', safe='')}"])
def test_a_graph_is_put_read_merged_patched_and_deleted(writer: Server, path: str) -> None:
    def send(method: str, body: str, kind: str = "text/turtle") -> Answer:
        return writer.ask(method, path, body=body.encode(), Content_Type=kind)

    made = send("PUT", "<urn:s> <urn:p> 1 .")
    assert (made.status, made.headers["Location"]) == (201, "/graph/gsp")
    assert send("POST", "<urn:s> <urn:p> 2 .").status == 200
    assert (
        send(
            "PATCH",
            'D <urn:s> <urn:p> "1"^^<http://www.w3.org/2001/XMLSchema#integer> .',
            "application/rdf-patch",
        ).status
        == 200
    )
    assert send("PATCH", "INSERT DATA { <urn:s> <urn:p> 3 }", UPDATE).status == 200
    for name, form in (
        ("ttl", ox.RdfFormat.TURTLE),
        ("nt", ox.RdfFormat.N_TRIPLES),
        ("rdf", ox.RdfFormat.RDF_XML),
        ("jsonld", ox.RdfFormat.JSON_LD),
    ):
        answer = writer.get(f"{path}{'&' if '?' in path else '?'}format={name}")
        assert {text.split()[2][1] for text in triples(answer, form)} == {"2", "3"}
        assert (
            writer.get(
                f"{path}{'&' if '?' in path else '?'}format={name}", If_None_Match=answer.headers["ETag"]
            ).status
            == 304
        )
    head = writer.ask("HEAD", path)
    assert (head.status, head.body, int(head.headers["Content-Length"]) > 0) == (200, b"", True)
    assert writer.ask("DELETE", path).status == 200
    assert writer.get(path).status == writer.ask("DELETE", path).status == 404


def test_the_whole_dataset_is_read_merged_and_patched(writer: Server) -> None:
    body = f"<urn:w> <urn:p> <urn:1> <{MINE}> .\n<urn:w> <urn:p> <urn:2> .\n".encode()
    assert writer.ask("POST", "/store", body=body, Content_Type="application/n-quads").status == 200
    answer = writer.get("/store", Accept="application/n-quads")
    quads = list(ox.parse(answer.body, format=ox.RdfFormat.N_QUADS))
    found = {str(quad.graph_name) for quad in quads if quad.subject == ox.NamedNode("urn:w")}
    assert found == {f"<{MINE}>", f"<{GRAPH}update>"}
    assert {
        str(quad.graph_name)
        for quad in ox.parse(writer.get("/store?format=trig").body, format=ox.RdfFormat.TRIG)
    } >= found
    patch = f"D <urn:w> <urn:p> <urn:1> <{MINE}> .".encode()
    assert writer.ask("PATCH", "/store", body=patch, Content_Type="application/rdf-patch").status == 200
    assert not ask(writer, "ASK { <urn:w> ?p <urn:1> }")
    assert ask(writer, "ASK { <urn:w> ?p <urn:2> }")
    default = writer.get("/store?default", Accept="application/n-triples")
    assert "<urn:w> <urn:p> <urn:2> ." in default.text


def test_a_limited_token_replaces_only_its_own_part_of_the_dataset(writable: Server) -> None:
    limited = writable.bearing("writer", graphs=(MINE,))
    before = writable.get("/graph/shop?format=nt").body
    body = f"<urn:only> <urn:p> <urn:1> <{MINE}> .".encode()
    assert limited.ask("PUT", "/store", body=body, Content_Type="application/n-quads").status == 200
    assert writable.get("/graph/shop?format=nt").body == before
    assert writable.get("/graph/mine?format=nt").text.split() == ["<urn:only>", "<urn:p>", "<urn:1>", "."]


DOCTYPE = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
RDF = (
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="urn:e:">'
    b'<rdf:Description rdf:about="urn:x"><e:p>&b;</e:p></rdf:Description></rdf:RDF>'
)
BOMB = gzip.compress(b"<urn:s> <urn:p> <urn:o> .\n" * 2_000_000)


@pytest.mark.parametrize(
    ("body", "headers", "status", "says"),
    [
        (DOCTYPE + RDF, {"Content_Type": "application/rdf+xml"}, 400, "DOCTYPE"),
        (
            b"<!-- " + b"x" * 70_000 + b" -->" + DOCTYPE + RDF,
            {"Content_Type": "application/rdf+xml"},
            400,
            "DOCTYPE",
        ),
        (
            b'{"@context": "http://127.0.0.1:1/c.jsonld"}',
            {"Content_Type": "application/ld+json"},
            400,
            "context",
        ),
        (b'{"a":' * 20_000, {"Content_Type": "application/ld+json"}, 400, "deeper"),
        (
            b"<urn:s> <urn:p> " + b"<<( <urn:s> <urn:p> " * 20_000,
            {"Content_Type": "text/turtle"},
            400,
            "deeper",
        ),
        (BOMB, {"Content_Type": "text/turtle", "Content_Encoding": "gzip"}, 413, "inflated"),
        (BOMB, {"Content_Type": "text/turtle"}, 413, "inflated"),
        (gzip.compress(BOMB), {"Content_Type": "text/turtle", "Content_Encoding": "gzip"}, 400, "twice"),
        (b"", {"Content_Type": "text/turtle", "Content_Length": "40000000"}, 413, "32,000,000"),
        (b"x", {"Content_Type": "text/turtle", "Content_Encoding": "br"}, 415, "gzip"),
        (BOMB[:1000], {"Content_Type": "text/turtle", "Content_Encoding": "gzip"}, 400, "early"),
        (b"x", {"Content_Type": "text/csv"}, 415, "text/turtle"),
        (b"<urn:s> <urn:p>", {"Content_Type": "text/turtle"}, 400, "line 1"),
    ],
)
def test_hostile_bodies_are_refused_and_the_core_lives_on(
    writer: Server, body: bytes, headers: dict[str, str], status: int, says: str
) -> None:
    for path in ("/graph/hostile", "/loads") if status in (400, 415) else ("/graph/hostile",):
        answer = writer.ask("POST", path, body=body, **headers)
        if answer.status == 202:
            answer = finished(writer, answer)
            assert answer.json["status"] == "refused"
        else:
            assert answer.status == status, answer.text
        assert says in answer.text
    assert writer.get("/graph/hostile").status == 404
    assert update(writer, f"INSERT DATA {{ <urn:alive> <urn:p> {time.time_ns()} }}").status == 200


def finished(server: Server, begun: Answer) -> Answer:
    """An upload when it is over."""
    assert begun.status == 202, begun.text
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        answer = server.get(begun.headers["Location"])
        if answer.json["status"] not in ("receiving", "loading"):
            return answer
        time.sleep(0.05)
    raise AssertionError(answer.text)


def test_an_upload_is_loaded_in_the_background_and_reports(writer: Server) -> None:
    text = "".join(f'<urn:up:{n}> <urn:uploaded> "{n}" .\n' for n in range(20_000)).encode()
    for path, body, headers in (
        ("/loads?source=bulk&mode=replace", text, {}),
        ("/loads?source=packed", gzip.compress(text), {"Content_Encoding": "gzip"}),
    ):
        begun = writer.ask(
            "POST", path, body=body, Content_Type="application/n-triples", Commit_Message="bulk", **headers
        )
        state = finished(writer, begun).json
        assert state["status"] == "done", state
        assert (state["status"], state["report"]["added"], state["bytes"]) == ("done", 20_000, len(text)), (
            state
        )
        assert state["read"] == len(text)
    assert ask(writer, f"ASK {{ GRAPH <{GRAPH}bulk> {{ <urn:up:19999> ?p ?o }} }}")
    other = writer.bearing("writer")
    assert other.get(begun.headers["Location"]).status == 404
    assert not list((writer.store / "loads").glob("*/upload.*"))


def test_a_refused_upload_leaves_nothing(writer: Server) -> None:
    before = snapshot(writer)
    body = f"<{BRAND}> a <{CKB}Brand> . <urn:fine> <urn:p> 1 .".encode()
    state = finished(writer, writer.ask("POST", "/loads", body=body, Content_Type="text/turtle")).json
    assert (state["status"], BRAND in state["problem"]["text"]) == ("refused", True)
    assert snapshot(writer) == before
    wrong = finished(
        writer, writer.ask("POST", "/loads", body=b"<urn:s> <urn:p", Content_Type="text/turtle")
    ).json
    assert wrong["status"] == "refused"
    assert str(writer.store) not in json.dumps(wrong)


def test_an_upload_that_goes_on_is_never_told_to_be_lost(writer: Server) -> None:
    for number in range(20):
        begun = writer.ask(
            "POST",
            "/loads?source=quick",
            body=f"<urn:quick> <urn:n> {number} .".encode(),
            Content_Type="text/turtle",
        )
        assert writer.get(begun.headers["Location"]).json["status"] in ("receiving", "loading", "done")
        assert finished(writer, begun).json["status"] == "done"


def test_an_upload_goes_only_where_its_sender_may_write(writable: Server) -> None:
    limited = writable.bearing("writer", graphs=(MINE,))
    body = f"<urn:s> <urn:p> <urn:o> <{PRIVATE}orders> .".encode()
    state = finished(
        limited, limited.ask("POST", "/loads?source=mine", body=body, Content_Type="application/n-quads")
    ).json
    assert (state["status"], state["problem"]["status"]) == ("failed", 403)
    body = b"<urn:s> <urn:p> <urn:o> ."
    state = finished(
        limited, limited.ask("POST", "/loads?source=mine", body=body, Content_Type="application/n-quads")
    ).json
    assert state["status"] == "done", state


def test_changes_since_a_commit_are_patches_of_what_may_be_seen(writer: Server) -> None:
    since = update(writer, f"INSERT DATA {{ <urn:c> <urn:p> {time.time_ns()} }}").json["number"]
    mark = writer.get("/health").json["snapshot"]
    update(
        writer,
        f"INSERT DATA {{ GRAPH <{PRIVATE}later> {{ <urn:secret> <urn:p> {time.time_ns()} }} "
        f"GRAPH <{MINE}> {{ <urn:plain> <urn:p> 1 }} }}",
    )
    update(writer, f"DELETE DATA {{ GRAPH <{MINE}> {{ <urn:plain> <urn:p> 1 }} }}")
    reader = writer.bearing("reader")
    for path in (f"/changes?since={since}", f"/changes?since={mark}"):
        answer = reader.get(path)
        assert (answer.status, answer.type) == (200, "application/rdf-patch")
        assert "A <urn:plain>" in answer.text and "D <urn:plain>" in answer.text
        assert "secret" not in answer.text and answer.text.count("TX .") == answer.text.count("TC .") == 2
        assert "A <urn:secret>" in writer.get(path).text
    assert reader.get(f"/changes?since={since + 99}").status == 400
    assert reader.get("/changes?since=ffffffff").status == 404
