"""An edit of the ontology, loaded beside a server that runs, is what its next answers go by."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import quote

from kb.resources import folder
from tests.core.conftest import run
from tests.server.live import Server
from tests.shop import BRANDS, turtle

PREFIXES = (
    "PREFIX ckb: <https://w3id.org/commerce-kb/onto#> PREFIX brand: <https://w3id.org/commerce-kb/id/brand/> "
)


def holds(server: Server, pattern: str) -> bool:
    return server.get(f"/sparql?query={quote(f'{PREFIXES} ASK {{ {pattern} }}')}").json["boolean"]


def insert(server: Server, text: str) -> int:
    body = f"{PREFIXES} INSERT DATA {{ {text} }}".encode()
    return (
        server.bearing("writer")
        .ask("POST", "/sparql", body=body, Content_Type="application/sparql-update")
        .status
    )


def test_consequences_and_shapes_follow_an_edit_at_the_servers_next_request(
    server: Server, tmp_path: Path
) -> None:
    edited = Path(shutil.copytree(folder("ontology"), tmp_path / "ontology"))
    assert run(server.store, "load", str(turtle(tmp_path, BRANDS)))[0] == 0
    assert holds(server, "brand:sub ckb:subBrandOf brand:top")
    assert insert(server, "brand:one a ckb:HouseBrand") == 200, "no shape knows the class yet"

    for file in edited.glob("*.ttl"):
        text = file.read_text("utf-8").replace("ckb:subBrandOf", "ckb:underBrand")
        file.write_text(text.replace("onto#subBrandOf", "onto#underBrand"), "utf-8")
    with (edited / "catalog.ttl").open("a", encoding="utf-8") as file:
        file.write("ckb:HouseBrand a owl:Class ; rdfs:subClassOf ckb:Brand .\n")
    before = server.get("/health").json["snapshot"]
    code, told = run(server.store, "ontology", "load", str(edited), "-m", "a better name")
    assert (code, "commit #4" in told) == (0, True), told

    assert server.get("/health").json["snapshot"] != before
    assert holds(server, "brand:sub ckb:underBrand brand:top . brand:one a ckb:Brand")
    assert not holds(server, "brand:sub ckb:subBrandOf brand:top")
    assert "a better name" in server.get("/commits?format=json").text
    assert "underBrand" in server.get("/onto/catalog?format=ttl").text
    assert insert(server, "brand:two a ckb:HouseBrand") == 422, (
        "a house brand is a brand, and a brand has a label"
    )
    assert server.process.poll() is None
