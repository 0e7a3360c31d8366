"""What brings an RDF parser down is refused before it sees it, however the bytes are cut into pieces."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.errors import DataError
from kb.loading.rdf import read_rdf
from kb.rdf_guard import MOST_LEVELS, Watch

XML, JSON, TURTLE = ox.RdfFormat.RDF_XML, ox.RdfFormat.JSON_LD, ox.RdfFormat.TURTLE
DOCTYPE = '<!DOCTYPE x [<!ENTITY a "boo">]>'
HEAD = '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="http://e/">'
BODY = '<rdf:Description rdf:about="http://x"><e:p>{}</e:p></rdf:Description></rdf:RDF>'
TERM = "<<( <urn:s> <urn:p> "

REFUSED = [
    (XML, DOCTYPE + HEAD + BODY.format("&a;")),
    (XML, DOCTYPE.replace("DOCTYPE", "docType") + HEAD + BODY.format("&a;")),
    (XML, f"<?xml version='1.0'?><!-- {'x' * 70_000} -->{DOCTYPE}{HEAD}" + BODY.format("&a;")),
    (XML, HEAD + DOCTYPE + BODY.format("&a;")),
    (XML, HEAD.replace(">", " e:a='<!--'>") + DOCTYPE + BODY.format("&a;<!-- -->")),
    (XML, HEAD + "<rdf:Description><e:p>" * MOST_LEVELS),
    (JSON, '{"http://e/p":' * (MOST_LEVELS + 1)),
    (JSON, '{"http://e/p":' + "[" * MOST_LEVELS),
    (TURTLE, "<urn:s> <urn:p> " + TERM * (MOST_LEVELS + 1)),
    (ox.RdfFormat.N_TRIPLES, "<urn:s> <urn:p> " + TERM * (MOST_LEVELS + 1)),
]
TAKEN = [
    (XML, HEAD + BODY.format(f"<![CDATA[{DOCTYPE}]]>")),
    (XML, HEAD + f"<!-- {DOCTYPE} -->" + BODY.format("a")),
    (XML, HEAD + BODY.format("a").replace("rdf:about", "e:q='a &lt;! b >' rdf:about")),
    (JSON, '{"http://e/p": ["' + '{[\\\\\\"' * 1_000 + '"]}'),
    (JSON, "[" + '{"http://e/p": [1, 2]},' * 1_000 + "{}]"),
    (TURTLE, f'<urn:s> <urn:p> "{"<<" * 2_000}" .'),
    (TURTLE, f"<urn:s> <urn:p> {TERM}<urn:o> )>> . " * 1_000),
]


def watch(form: ox.RdfFormat, text: str, size: int) -> None:
    seen, content = Watch(form), text.encode()
    for begin in range(0, len(content), size):
        seen.take(content[begin : begin + size])


@pytest.mark.parametrize(("form", "text"), REFUSED)
@pytest.mark.parametrize("size", [1 << 20, 7, 1_000])
def test_what_multiplies_or_nests_without_end_is_refused(form: ox.RdfFormat, text: str, size: int) -> None:
    with pytest.raises(DataError):
        watch(form, text, size)


@pytest.mark.parametrize(("form", "text"), TAKEN)
@pytest.mark.parametrize("size", [1 << 20, 1_000])
def test_what_looks_alike_is_taken(form: ox.RdfFormat, text: str, size: int) -> None:
    list(ox.parse(text.encode(), format=form))
    watch(form, text, size)


PARTS = [
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?x",
    "?>",
    "<e:a b='",
    "'",
    '"',
    ">",
    "/>",
    "</e:a>",
    "text",
    DOCTYPE,
]


@given(st.lists(st.sampled_from(PARTS), max_size=8), st.integers(1, 40))
def test_no_entity_is_expanded_behind_the_guards_back(parts: list[str], size: int) -> None:
    for text in ("".join(parts) + HEAD + BODY.format("&a;"), HEAD + "".join(parts) + BODY.format("&a;")):
        try:
            watch(XML, text, size)
        except DataError:
            continue
        try:
            found = [quad.object.value for quad in ox.parse(text.encode(), format=XML)]
        except SyntaxError:
            continue
        assert "boo" not in found


def test_a_file_with_a_hidden_doctype_is_not_read(tmp_path: Path) -> None:
    place = tmp_path / "x.rdf"
    place.write_text(HEAD + "<!-- " + "x" * 3_000_000 + " -->" + DOCTYPE + BODY.format("&a;"))
    with pytest.raises(DataError, match="DOCTYPE"):
        list(read_rdf(place, graph="urn:g", skolem="urn:b/"))


def test_a_base_that_multiplies_is_refused() -> None:
    text = b"@base <urn:" + b"a" * 50_000 + b"> . " + b"<> <> <> . " * 5_000
    watch = Watch(ox.RdfFormat.TURTLE)
    watch.take(text)
    with pytest.raises(DataError, match="many times longer"):
        for _ in watch.modest(ox.parse(text, format=ox.RdfFormat.TURTLE)):
            pass


def test_ordinary_data_is_modest() -> None:
    text = (
        b"@prefix : <https://w3id.org/commerce-kb/id/> . :a :b "
        + b", ".join(b"%d" % n for n in range(50_000))
        + b" ."
    )
    watch = Watch(ox.RdfFormat.TURTLE)
    watch.take(text)
    assert sum(1 for _ in watch.modest(ox.parse(text, format=ox.RdfFormat.TURTLE))) == 50_000
