"""What a hostile page has a browser send here, and what ours could make a browser run."""

from __future__ import annotations

import base64
import html.parser
from urllib.parse import quote, urlencode

import pytest

from tests.attacks.conftest import KEY, SCRIPT, Target

FORM = "application/x-www-form-urlencoded"
EVIL = "https://evil.example.org"
UPDATE = urlencode({"update": "INSERT DATA { <urn:csrf> <urn:p> 1 }"}).encode()
PATH = KEY.removeprefix("https://w3id.org/commerce-kb")


def basic(target: Target, role: str) -> str:
    token = target.server.bearing(role).headers["Authorization"].split()[1]
    return "Basic " + base64.b64encode(f"me:{token}".encode()).decode()


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": EVIL},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "http://localhost:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {},
    ],
)
@pytest.mark.parametrize(
    "kind", [FORM, "text/plain", "multipart/form-data; boundary=x", "application/sparql-update"]
)
def test_a_form_of_another_page_changes_nothing(target: Target, headers: dict[str, str], kind: str) -> None:
    for given in ({}, {"Authorization": basic(target, "writer")}, {"Cookie": "token=x"}):
        for path in ("/sparql", "/graph/csrf", "/store", "/loads"):
            answer = target.server.ask("POST", path, body=UPDATE, Content_Type=kind, **headers, **given)
            assert answer.status in (400, 401, 403, 415), answer.text
            assert "Set-Cookie" not in answer.headers and "Access-Control-Allow-Origin" not in answer.headers
    assert target.query("ASK { <urn:csrf> ?p ?o }").json["boolean"] is False


@pytest.mark.parametrize(
    "path",
    ["/sparql?update=" + quote("INSERT DATA { <urn:csrf> <urn:p> 1 }"), "/sparql?query=" + quote("DROP ALL")],
)
def test_a_link_changes_nothing(target: Target, path: str) -> None:
    for given in ({}, {"Authorization": target.writer.headers["Authorization"]}):
        assert target.server.get(path, **given).status == 400
    assert target.query("ASK { <urn:s7> <urn:p> 'item 7' }").json["boolean"] is True


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "POST"])
def test_asking_beforehand_allows_no_other_page_anything(target: Target, method: str) -> None:
    answer = target.server.ask("OPTIONS", "/sparql", Origin=EVIL, Access_Control_Request_Method=method)
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    "host",
    [
        "evil.example.org",
        "127.0.0.1.evil.example.org",
        "localhost.evil.example.org",
        "evil.example.org:{port}",
        "127.0.0.1@evil.example.org",
        "[::1].evil.example.org",
        "2130706433",
        "",
    ],
)
def test_a_name_bound_to_this_address_opens_nothing(target: Target, host: str) -> None:
    for path in ("/", "/sparql?query=ASK%7B%7D", "/health", "/static/style.css", "/metrics", "/ready"):
        answer = target.server.get(path, Host=host.format(port=target.port))
        assert answer.status in (400, 421), path


class Markup(html.parser.HTMLParser):
    """Elements that would run something, attributes that would, and addresses that are no addresses of the web."""

    def __init__(self) -> None:
        super().__init__()
        self.hostile: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag in ("iframe", "object", "embed", "base", "svg") and "alert" in str(given):
            self.hostile.append(tag)
        if tag == "script" and not (given.get("src") or "").startswith("/static/"):
            self.hostile.append("script")
        for name, value in attributes:
            if name.startswith("on"):
                self.hostile.append(name)
            if name in ("href", "src", "action", "formaction"):
                start = (value or "").strip().lower()
                if start.startswith(("javascript:", "data:", "vbscript:", "//")):
                    self.hostile.append(f"{name}={value}")


PAYLOADS = [
    SCRIPT,
    "'\"><img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "{{1237*1249}}",
    "</title><svg onload=alert(1)>",
    '"autofocus onfocus=alert(1) x="',
]
PLACES = [
    "/find?q={}",
    "/find?q=a&kind={}",
    "/find?q=a&lang={}",
    "/sparql?query={}",
    "/sparql?query=ASK%7B%7D&format={}",
    "/sparql?query=ASK%7B%7D&timeout={}",
    "/sparql?query=ASK%7B%7D&reasoning={}",
    "/sparql?query=ASK%7B%7D&default-graph-uri={}",
    "/explain?s={}&p={}&o={}",
    "/id/{}",
    "/vocab/{}",
    "/onto/{}",
    "/graph/{}",
    "/store?graph={}",
    "/questions/{}",
    "/questions/G03?sku={}",
    "/changes?since={}",
    "/loads/{}",
    "/queries/{}",
    "/{}",
    "/commits?lang={}",
]  # fmt: skip


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("place", PLACES)
def test_no_parameter_becomes_markup(target: Target, place: str, payload: str) -> None:
    answer = target.admin.get(place.replace("{}", quote(payload, safe="")), Accept="text/html")
    assert answer.status != 500, answer.text[:300]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    if answer.type == "text/html":
        page = Markup()
        page.feed(answer.text)
        assert page.hostile == []
        assert str(1237 * 1249) not in answer.text


def test_no_name_and_no_iri_in_the_data_becomes_markup(target: Target) -> None:
    query = quote("SELECT * { ?s ?p ?o FILTER(STRSTARTS(STR(?s), 'https')) }")
    construct = quote("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o FILTER(STRSTARTS(STR(?s), 'https')) }")
    for path in (
        f"{PATH}evil",
        "/find?q=script",
        f"/sparql?query={query}",
        f"/sparql?query={construct}",
        "/",
    ):
        answer = target.server.get(path, Accept="text/html")
        assert answer.status == 200, answer.text[:300]
        page = Markup()
        page.feed(answer.text)
        assert page.hostile == [], path
    assert "&lt;script&gt;" in target.server.get(f"{PATH}evil", Accept="text/html").text


def test_an_error_about_markup_is_no_markup(target: Target) -> None:
    for accept in ("text/html", "*/*", "image/png", "application/json;q=0.1, text/html"):
        answer = target.server.get(f"/sparql?query={quote(SCRIPT)}", Accept=accept)
        assert answer.status == 400
        assert answer.type != "text/html" or SCRIPT not in answer.text


@pytest.mark.parametrize("name", ["Commit-Message", "If-Match", "Accept-Language", "Content-Encoding"])
@pytest.mark.parametrize("value", ["a%0d%0aSet-Cookie: x=1", "é\tü", "<script>"])
def test_no_header_is_split_in_two(target: Target, name: str, value: str) -> None:
    answer = target.writer.ask(
        "POST", "/graph/split", body=b"<urn:s> <urn:p> <urn:o> .", Content_Type="text/turtle", **{name: value}
    )
    assert answer.status in (200, 201, 400, 412, 415)
    assert "Set-Cookie" not in answer.headers
    target.writer.ask("DELETE", "/graph/split")


def test_guessing_tokens_is_bounded_and_shuts_out_nobody(target: Target) -> None:
    known = target.server.bearing("writer", name="known")
    assert known.get("/sparql?query=ASK%7B%7D").status == 200
    statuses = [
        target.server.get("/sparql?query=ASK%7B%7D", Authorization=f"Bearer {number:064x}").status
        for number in range(60)
    ]
    assert set(statuses) <= {401, 429} and statuses.count(429) >= 30
    # Both HTTP processes know this token by now, or ask for a moment's patience.
    assert target.admin.get("/queries").status in (200, 429)
    assert target.server.get("/sparql?query=ASK%7B%7D").status == 200


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Basic !!!",
        "Basic " + "A" * 5_000,
        "Digest x",
        "Bearer \xff",
        "bearer\ttoken",
        "Basic \xe9",
        "Basic Og==",
    ],
)
def test_malformed_credentials_are_refused(target: Target, header: str) -> None:
    assert target.server.get("/sparql?query=ASK%7B%7D", Authorization=header).status in (400, 401, 429)
