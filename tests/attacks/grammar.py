"""Random SPARQL queries and random HTTP requests, as Hypothesis draws them: most of them nearly right."""

from __future__ import annotations

from urllib.parse import quote_plus

from hypothesis import strategies as st

_NAMES = st.sampled_from(["?s", "?p", "?o", "?x", "$y"])
_IRIS = st.sampled_from(
    ["<urn:s7>", "<urn:p>", "<urn:next>", "rdfs:label", "ckb:Brand", "a", "<>", "_:b", "nope:x"]
)
_LITERALS = st.sampled_from(
    [
        '"item 7"',
        "7",
        "-0.5",
        "1e400",
        '""@en',
        '"x"^^xsd:date',
        "true",
        "'''a\n'''",
        '"\\uD800"',
        '"2020"^^xsd:gYear',
    ]
)
_OPERATORS = st.sampled_from(["=", "!=", "<", "<=", "+", "-", "*", "/", "&&", "||", "IN (1, 2,", "|", "^"])
_FUNCTIONS = st.sampled_from(
    [
        "STR",
        "STRLEN",
        "REGEX",
        "CONCAT",
        "REPLACE",
        "COALESCE",
        "IF",
        "IRI",
        "BNODE",
        "NOW",
        "RAND",
        "SHA512",
        "xsd:date",
        "COUNT",
        "GROUP_CONCAT",
        "SAMPLE",
        "AVG",
        "SUBSTR",
        "STRDT",
        "LANG",
        "isTRIPLE",
        "nope:f",
        "TRIPLE",
    ]
)
_PATHS = st.recursive(
    _IRIS,
    lambda inner: st.one_of(
        st.builds("({})*".format, inner),
        st.builds("({}){}".format, inner, st.sampled_from(["+", "?", ""])),
        st.builds("{}/{}".format, inner, inner),
        st.builds("{}|{}".format, inner, inner),
        st.builds("^{}".format, inner),
        st.builds("!{}".format, inner),
    ),
    max_leaves=4,
)
_EXPRESSIONS = st.recursive(
    st.one_of(_NAMES, _LITERALS, _IRIS),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, _OPERATORS, inner),
        st.builds("{}({})".format, _FUNCTIONS, st.lists(inner, max_size=3).map(", ".join)),
        st.builds("!{}".format, inner),
        st.builds("EXISTS {{ ?s ?p {} }}".format, inner),
    ),
    max_leaves=6,
)
_TERMS = st.one_of(_NAMES, _IRIS, _LITERALS)
_TRIPLES = st.builds("{} {} {} .".format, _TERMS, st.one_of(_NAMES, _PATHS), _TERMS)


def _around(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    group = st.lists(inner, max_size=3).map(" ".join)
    return st.one_of(
        st.builds("{{ {} }}".format, group),
        st.builds("OPTIONAL {{ {} }}".format, group),
        st.builds("{{ {} }} UNION {{ {} }}".format, group, group),
        st.builds("MINUS {{ {} }}".format, group),
        st.builds("GRAPH {} {{ {} }}".format, st.one_of(_NAMES, _IRIS), group),
        st.builds("SERVICE {} {{ {} }}".format, st.one_of(_NAMES, _IRIS), group),
        st.builds("FILTER({})".format, _EXPRESSIONS),
        st.builds("BIND({} AS {})".format, _EXPRESSIONS, _NAMES),
        st.builds("VALUES {} {{ {} }}".format, _NAMES, st.lists(_TERMS, max_size=3).map(" ".join)),
        st.builds("{{ SELECT ({} AS ?n) {{ {} }} GROUP BY {} }}".format, _EXPRESSIONS, group, _NAMES),
    )


_GROUPS = st.lists(st.recursive(_TRIPLES, _around, max_leaves=6), max_size=4).map(" ".join)
_MODIFIERS = st.lists(
    st.one_of(
        st.builds("ORDER BY {}".format, _EXPRESSIONS),
        st.builds("GROUP BY {}".format, _NAMES),
        st.builds("HAVING ({})".format, _EXPRESSIONS),
        st.builds("LIMIT {}".format, st.sampled_from(["5", "0", "-1", "99999999999999999999"])),
        st.builds("OFFSET {}".format, st.integers(0, 10)),
    ),
    max_size=3,
).map(" ".join)
_HEADS = st.one_of(
    st.builds("SELECT {} WHERE".format, st.sampled_from(["*", "DISTINCT *", "?s ?o", "REDUCED ?s", ""])),
    st.builds("SELECT ({} AS ?n)".format, _EXPRESSIONS),
    st.sampled_from(
        ["ASK", "DESCRIBE ?s WHERE", "DESCRIBE <urn:s7>", "CONSTRUCT { ?s ?p ?o } WHERE", "CONSTRUCT WHERE"]
    ),
    st.sampled_from(
        ["SELECT * FROM <urn:g>", "ASK FROM NAMED <urn:g>", "PREFIX x: <urn:x> ASK", "BASE <urn:b> ASK"]
    ),
)
_WRITES = st.one_of(
    st.builds("INSERT DATA {{ {} }}".format, _TRIPLES),
    st.builds("DELETE {{ {} }} INSERT {{ {} }} WHERE {{ {} }}".format, _TRIPLES, _TRIPLES, _GROUPS),
    st.sampled_from(
        ["CLEAR SILENT GRAPH <urn:g>", "LOAD <file:///etc/passwd>", "COPY <urn:a> TO <urn:b>", "DROP DEFAULT"]
    ),
)


def _spoilt(text: str, at: float, with_: str) -> str:
    place = int(at * len(text))
    return text[:place] + with_ + text[place + len(with_) // 2 :]


_NOISE = st.text(st.sampled_from("{}()[]<>\"'\\#?$:;,.|^!*/+-&=\x00\u2028\U0001f600 aZ0"), max_size=4)
QUERIES = st.builds(
    _spoilt,
    st.builds("{} {{ {} }} {}".format, _HEADS, _GROUPS, _MODIFIERS),
    st.floats(0, 1),
    st.one_of(st.just(""), st.just(""), _NOISE),
)
UPDATES = st.builds(_spoilt, _WRITES, st.floats(0, 1), st.one_of(st.just(""), _NOISE))

_METHODS = st.sampled_from(
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", "get", "X" * 30]
)
_PATHNAMES = st.one_of(
    st.sampled_from(
        [
            "/",
            "/sparql",
            "/find",
            "/id/brand/evil",
            "/vocab/x",
            "/onto",
            "/onto/core",
            "/explain",
            "/commits",
            "/store",
            "/graph/items",
            "/changes",
            "/loads",
            "/loads/1",
            "/sign-in",
            "/queries",
            "/queries/1",
            "/health",
            "/ready",
            "/metrics",
            "/static/style.css",
            "/questions/G01",
            "*",
            "//",
            "/%",
            "/\x7f",
            "/.well-known/void",
        ]
    ),
    st.text("/%.:;@ab01\\~é", max_size=20).map(lambda text: "/" + text.encode().decode("latin-1")),
)
_KEYS = [
    "query",
    "update",
    "q",
    "kind",
    "limit",
    "lang",
    "format",
    "graph",
    "default",
    "since",
    "s",
    "p",
    "o",
    "timeout",
    "reasoning",
    "default-graph-uri",
    "source",
    "mode",
]
_PARAMETERS = st.lists(
    st.tuples(
        st.sampled_from(_KEYS), st.one_of(QUERIES, st.text(max_size=10), st.just("1"), st.just("urn:g"))
    ),
    max_size=3,
).map(lambda pairs: "&".join(f"{key}={quote_plus(value, errors='replace')}" for key, value in pairs))
_HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "Accept",
                "Content-Type",
                "Content-Encoding",
                "If-None-Match",
                "If-Match",
                "Range",
                "Origin",
                "Authorization",
                "Accept-Language",
                "Accept-Encoding",
                "Transfer-Encoding",
                "Content-Length",
                "Connection",
                "Expect",
                "Upgrade",
                "X-Forwarded-For",
                "Cookie",
                "X-Commerce-KB-Timeout",
                "Commit-Message",
                "TE",
                "Sec-Fetch-Site",
            ]
        ),
        st.one_of(
            st.sampled_from(
                [
                    "*/*",
                    "text/html",
                    "application/sparql-query",
                    "application/sparql-update",
                    "text/turtle",
                    "chunked",
                    "5",
                    "gzip",
                    "bytes=0-1,5-",
                    "application/x-www-form-urlencoded",
                    "0",
                    "-1",
                    "close",
                    "100-continue",
                    "h2c",
                    "Bearer x",
                    "Basic eDp5",
                    'W/"a"',
                    "image/*;q=0",
                    "en;q=2",
                    "multipart/mixed; boundary=a",
                    "*;q=,,",
                ]
            ),
            st.text('abc,;="*/\\\t é\x01', max_size=12),
        ),
    ),
    max_size=5,
)
_BODIES = st.one_of(
    st.just(b""),
    QUERIES.map(lambda text: text.encode("utf-8", "replace")),
    st.binary(max_size=60),
    st.just(b"<urn:s> <urn:p> <urn:o> ."),
)


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """One request as bytes, its length told truly as often as not."""
    body = draw(_BODIES)
    target = draw(_PATHNAMES) + draw(st.one_of(st.just(""), _PARAMETERS.map("?".__add__)))
    lines = [
        f"{draw(_METHODS)} {target} {draw(st.sampled_from(['HTTP/1.1'] * 8 + ['HTTP/1.0', 'HTTP/2', '']))}"
    ]
    lines.append(
        f"Host: {draw(st.sampled_from(['127.0.0.1'] * 8 + ['localhost:1', 'evil.example.org', '']))}"
    )
    lines += [f"{name}: {value}" for name, value in draw(_HEADERS)]
    if draw(st.integers(0, 3)):
        lines.append(f"Content-Length: {len(body)}")
    lines.append("Connection: close")
    return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + body
