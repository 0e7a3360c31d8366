"""LOAD of addresses: listed ones alone, whatever they redirect to and whatever their names stand for."""

from __future__ import annotations

import http.server
import ipaddress
import socket
import threading
from collections.abc import Iterator

import pytest

from kb import KnowledgeBase
from kb.conditions import Conditions, Grant
from kb.errors import Forbidden, KbError, SourceError, UnsupportedFormat
from kb.querying.fetching import Listed, fetched, is_public
from kb.settings import Settings

TURTLE = b"<urn:s> <urn:p> <urn:o> ."


class Handler(http.server.BaseHTTPRequestHandler):
    """A site with a few documents; what it was asked is kept."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path.startswith("/open/to?"):
            self.send_response(302)
            self.send_header("Location", self.path.partition("?")[2])
            self.end_headers()
            return
        kind = {"/open/page": "text/html", "/open/data.ttl": "application/octet-stream"}.get(
            self.path, "text/turtle"
        )
        self.send_response(404 if "missing" in self.path else 200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        if "endless" in self.path:
            for _ in range(2_000):
                self.wfile.write(b"#" * 100_000)
        self.wfile.write(TURTLE)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []
    handler = type("Asked", (Handler,), {"asked": asked})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def text(iri: str, *listed: str) -> bytes:
    with fetched(iri, Listed.of(listed)) as path:
        return path.read_bytes()


def test_a_listed_address_is_fetched_and_so_is_what_it_redirects_to_below(
    site: tuple[str, list[str]],
) -> None:
    here, _ = site
    assert text(f"{here}/open/x", f"{here}/open/") == TURTLE
    assert text(f"{here}/open/data.ttl", f"{here}/open") == TURTLE
    assert text(f"{here}/open/to?{here}/open/x", f"{here}/open/") == TURTLE
    assert text(f"{here}/open/to?x", f"{here}/open/") == TURTLE


@pytest.mark.parametrize(
    "path",
    [
        "/shut/x",
        "/openx",
        "/open/../shut/x",
        "/open/%2e%2e/shut/x",
        "/open/..%2fshut/x",
        "/open\\..\\shut",
        "/open//shut",
        "/open/to?{here}/shut/x",
        "/open/to?/shut/x",
        "/open/to?http://localhost:{port}/open/x",
        "/open/to?http://127.1:{port}/open/x",
        "/open/to?http://2130706433:{port}/open/x",
        "/open/to?http://0x7f000001:{port}/open/x",
        "/open/to?http://[::1]:{port}/open/x",
        "/open/to?file:///etc/passwd",
        "/open/to?http://user@127.0.0.1:{port}/open/x",
        "/open/to?https://127.0.0.1:{port}/open/x",
        "/open/to?http://127.0.0.1/open/x",
    ],
)
def test_whatever_is_not_listed_is_never_asked(site: tuple[str, list[str]], path: str) -> None:
    here, asked = site
    port = here.rsplit(":", 1)[1]
    with pytest.raises(Forbidden):
        text(here + path.format(here=here, port=port), f"{here}/open/")
    assert all(one.startswith("/open/to?") for one in asked)


@pytest.mark.parametrize(
    "name", ["localhost", "127.1", "2130706433", "0x7f000001", "017700000001", "0", "[::ffff:127.0.0.1]"]
)
def test_a_name_for_this_machine_is_refused_though_it_is_listed(
    site: tuple[str, list[str]], name: str
) -> None:
    here, asked = site
    there = f"http://{name}:{here.rsplit(':', 1)[1]}"
    with pytest.raises((Forbidden, SourceError)):
        text(f"{there}/open/x", f"{there}/open/")
    assert asked == []


def test_a_name_that_changes_its_mind_leads_nowhere_else(
    site: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """First it stands for a public address, then, when it is asked again, for this machine."""
    here, asked = site
    answers = iter(["192.88.98.1", "127.0.0.1", "127.0.0.1"])
    monkeypatch.setattr("kb.querying.fetching._IDLE_SECONDS", 0.2)
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, port, *_, **__: [(2, 1, 6, "", (next(answers) if host == "x.example" else host, port))],
    )
    there = f"http://x.example:{here.rsplit(':', 1)[1]}/open/"
    with pytest.raises(KbError):
        text(f"{there}x", there)
    assert asked == []


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
     "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
     "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001:0:7f00:1::80ff:fffe"],
)  # fmt: skip
def test_near_addresses_are_not_public_in_any_form(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    assert is_public(ipaddress.ip_address("93.184.215.14")) and is_public(
        ipaddress.ip_address("2606:4700::1111")
    )


def test_what_is_no_document_is_refused(site: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    here, _ = site
    monkeypatch.setattr("kb.querying.fetching._MOST_BYTES", 1_000_000)
    for path, error in (("missing", SourceError), ("page", UnsupportedFormat), ("endless", SourceError)):
        with pytest.raises(error):
            text(f"{here}/open/{path}", f"{here}/open/")
    with pytest.raises(SourceError, match="redirects more than"):
        text(f"{here}/open/to?{'/open/to?' * 7}x", f"{here}/open/")


def test_load_of_an_address_is_for_administrators_and_for_listed_ones(
    site: tuple[str, list[str]], knowledge: KnowledgeBase
) -> None:
    here, asked = site
    with pytest.raises(Forbidden):
        knowledge.update(f"LOAD <{here}/open/x>")
    knowledge.folder.settings = Settings(load_addresses=(f"{here}/open/",))
    with pytest.raises(Forbidden):
        knowledge.update(f"LOAD <{here}/open/x>", conditions=Conditions(grant=Grant(loads=False)))
    assert asked == []
    assert knowledge.update(f"LOAD SILENT <{here}/shut/x>").added == 0
    assert knowledge.update(f"LOAD <{here}/open/x> INTO GRAPH <urn:g>").added == 1
    assert knowledge.query("ASK { GRAPH <urn:g> { <urn:s> <urn:p> <urn:o> } }")
