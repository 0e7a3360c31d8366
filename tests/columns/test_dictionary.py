"""The dictionary keeps terms apart, gives them back as received, and knows what Oxigraph stores."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from zlib import crc32

import numpy as np
import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.columns import dictionary as module
from kb.columns.dictionary import Dictionary, Kind
from kb.columns.values import lexical

XSD = "http://www.w3.org/2001/XMLSchema#"
NAMES = """
string boolean decimal integer double float date time dateTime dateTimeStamp gYear gMonth gDay gYearMonth gMonthDay
duration yearMonthDuration dayTimeDuration byte short int long unsignedByte unsignedShort unsignedInt unsignedLong
positiveInteger nonNegativeInteger negativeInteger nonPositiveInteger hexBinary base64Binary anyURI language
normalizedString token NMTOKEN Name NCName
"""
DATATYPES = NAMES.split()
# Right for some datatype, nearly right, or wrong for all.
WORDS = """
0 1 -1 +1 -0 00 01 1. .5 0.0 1.0 1.50 -0.0 -0.5 5e0 1E3 1e-7 1.0E0 INF -INF +INF NaN nan inf true false TRUE
127 128 -129 65536 4294967296 9223372036854775807 9223372036854775808 18446744073709551616
99999999999999999999999999 0.000000000000000000001 0.123456789012345678901 123456789012345678.5
2024-02-29 2023-02-29 2024-13-01 2024-01-01Z 2024-01-01+08:00 2024-01-01-14:00 0000-01-01 -0001-01-01 12024-01-01
12:00:00 24:00:00 12:00:00.000 12:00:00.120Z 23:59:60
2024-01-01T00:00:00 2024-01-01T00:00:00Z 2024-01-01T24:00:00Z 2024-01-01T00:00:00.000Z 2024-02-30T00:00:00Z
2024-01-01T12:30:00.123456789+08:00 2024-01-01T00:00:00+00:00 2024-01-01T00:00:00-00:00
2024 2024Z --02 ---31 --02-30 2024-02 P1Y P12M P1Y12M PT0S P0D PT60M PT3600S -P1D P1DT24H PT1.50S P
ff FF aGk= http://x.y/z zh-Hans
"""
ODD = ["", " 1", "1 ", " 1 ", "1\n", "a b", 'q"q', "back\\slash", "é中😀", "\t", "\u0085", "\x7f", "\x01"]
FORMS = [*WORDS.split(), *ODD]
NUMBER = r"[+-]?[0-9]{0,15}(\.[0-9]{0,8})?"
INSTANT = (
    r"[0-3][0-9]{3}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,9})?(Z|[+-]0[0-9]:[03]0)?"
)
texts = st.one_of(
    st.sampled_from(FORMS),
    st.from_regex(NUMBER, fullmatch=True, alphabet=st.characters(codec="ascii")),
    st.from_regex(INSTANT, fullmatch=True, alphabet=st.characters(codec="ascii")),
    st.text(alphabet='0123456789+-.eETZ:PDMYHS "\\\n\té中', max_size=12),
)
tags = st.sampled_from(["en", "EN", "zh-Hans", "zh-hans", "de-CH-1996", "x-Private", "en-US", "en-us"])
literals = st.one_of(
    texts.map(lambda text: str(ox.Literal(text))),
    st.builds(lambda text, tag: f"{ox.Literal(text)}@{tag}", texts, tags),
    st.builds(
        lambda text, name: str(ox.Literal(text, datatype=ox.NamedNode(XSD + name))),
        texts,
        st.sampled_from(DATATYPES),
    ),
    texts.map(lambda text: str(ox.Literal(text, datatype=ox.NamedNode("urn:a?b=é")))),
)
nodes = st.sampled_from(["<urn:a>", "<urn:b>", "<urn:b#é>", "_:b0", "<urn:a>", "<http://example.org/%22>"])
terms = st.lists(st.one_of(literals, nodes), min_size=1, max_size=25)


def stored_by_oxigraph(term: str) -> str:
    store = ox.Store()
    store.load(f"<urn:s> <urn:p> {term} .".encode(), format=ox.RdfFormat.N_TRIPLES, lenient=True)
    return str(next(iter(store)).object)


@given(terms)
def test_encoding_and_decoding_give_back_what_was_received(some: list[str]) -> None:
    dictionary = Dictionary()
    ids = dictionary.encode(some)
    assert dictionary.decode(ids).to_pylist() == some
    assert dict(zip(some, ids, strict=True)) == {term: dictionary.id(term) for term in some}
    assert len(set(ids.tolist())) == len(set(some))


@given(st.lists(terms, min_size=1, max_size=6))
def test_ids_stay_when_more_terms_come(batches: list[list[str]]) -> None:
    dictionary = Dictionary()
    given_out: dict[str, int] = {}
    for batch in batches:
        ids = dictionary.encode(batch).tolist()
        for term, identifier in zip(batch, ids, strict=True):
            assert given_out.setdefault(term, identifier) == identifier
    assert dictionary.find(list(given_out)).tolist() == list(given_out.values())
    assert list(map(dictionary.id, given_out)) == list(given_out.values())
    assert sorted(set(dictionary.find(dictionary.decode(np.arange(1, len(dictionary) + 1))))) == list(
        range(1, len(dictionary) + 1)
    )


@given(terms)
def test_unknown_terms_have_no_id_and_finding_adds_none(some: list[str]) -> None:
    dictionary = Dictionary()
    dictionary.encode(["<urn:known>"])
    assert dictionary.find(["<urn:known>", *some]).tolist() == [1] + [0] * len(some)
    assert len(dictionary) == 1


@given(st.lists(literals, min_size=1, max_size=20))
@settings(max_examples=200)
def test_the_stored_form_is_what_a_store_really_stores(some: list[str]) -> None:
    dictionary = Dictionary()
    ids = dictionary.encode(some)
    found = dictionary.decode(dictionary.stored[ids]).to_pylist()
    assert dict(zip(some, found, strict=True)) == {term: stored_by_oxigraph(term) for term in some}


@pytest.mark.parametrize("datatype", DATATYPES)
def test_every_known_form_of_every_datatype_is_stored_as_a_store_does(datatype: str) -> None:
    some = [str(ox.Literal(form, datatype=ox.NamedNode(XSD + datatype))) for form in FORMS]
    dictionary = Dictionary()
    ids = dictionary.encode(some)
    found = dictionary.decode(dictionary.stored[ids]).to_pylist()
    assert dict(zip(some, found, strict=True)) == {term: stored_by_oxigraph(term) for term in some}


@given(terms)
def test_the_columns_say_what_the_terms_say(some: list[str]) -> None:
    dictionary = Dictionary()
    ids = dictionary.encode(some)
    forms = lexical(dictionary, ids).to_pylist()
    for text, identifier, form in zip(some, ids.tolist(), forms, strict=True):
        term = dictionary.term(identifier)
        if isinstance(term, ox.Literal):
            assert dictionary.kind[identifier] == Kind.LITERAL
            assert dictionary.text(dictionary.datatype[identifier]) == str(term.datatype)
            tag = dictionary.languages[dictionary.language[identifier]]
            assert tag.lower() == (term.language or "").lower()
            assert form == term.value
        else:
            assert dictionary.kind[identifier] == (Kind.BLANK if text.startswith("_:") else Kind.IRI)
            assert dictionary.datatype[identifier] == 0


@given(
    st.lists(st.lists(st.one_of(literals, nodes), min_size=1, max_size=6), min_size=1, max_size=3),
    st.sampled_from([1, 2, 8]),
)
@settings(max_examples=50)
def test_terms_that_share_a_hash_are_kept_apart(batches: list[list[str]], different: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_hash", lambda term: crc32(term) % different)
        dictionary = Dictionary()
        for batch in batches:
            assert dictionary.decode(dictionary.encode(batch)).to_pylist() == batch
        everything = dictionary.decode(np.arange(1, len(dictionary) + 1)).to_pylist()
        assert len(set(everything)) == len(everything)
        assert dictionary.find(everything).tolist() == list(range(1, len(dictionary) + 1))
        assert dictionary.find(["<urn:never seen>"]).tolist() == [0]
        assert list(map(dictionary.id, [*everything, "<urn:never seen>"])) == [
            *range(1, len(dictionary) + 1),
            0,
        ]


def test_a_hash_at_the_end_of_its_range_is_followed_by_zero() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_hash", lambda term: 2**64 - 1)
        dictionary = Dictionary()
        some = ["<urn:a>", "<urn:b>", "<urn:c>"]
        assert dictionary.decode(dictionary.encode(some)).to_pylist() == some
        assert dictionary.find(some).tolist() == list(map(dictionary.id, some)) == [1, 2, 3]


def test_terms_of_the_w3c_test_files_are_stored_as_a_store_does(shared_data: Callable[[str], Path]) -> None:
    terms: dict[str, None] = {}
    formats = {".nt": ox.RdfFormat.N_TRIPLES, ".nq": ox.RdfFormat.N_QUADS, ".ttl": ox.RdfFormat.TURTLE}
    for archive in ("rdf-tests-rdf.tar.gz", "rdf-tests-sparql.tar.gz"):
        with tarfile.open(shared_data("w3c-tests") / archive) as files:
            for member in files:
                kind, source = formats.get(Path(member.name).suffix), files.extractfile(member)
                if kind is None or source is None:
                    continue
                with suppress(SyntaxError, UnicodeDecodeError):  # Some are meant to be wrong.
                    for quad in ox.parse(
                        source.read(), format=kind, base_iri="http://example.org/", lenient=True
                    ):
                        found = (quad.subject, quad.predicate, quad.object)
                        terms |= dict.fromkeys(str(one) for one in found if not isinstance(one, ox.Triple))
    some = [term for term in terms if not term.endswith(">>")]  # Of a test of a bad escape.
    assert len(some) > 3000
    store = ox.Store()
    text = "".join(f"<urn:{n}> <urn:p> {term} .\n" for n, term in enumerate(some) if term[0] != "_")
    store.load(text.encode(), format=ox.RdfFormat.N_TRIPLES, lenient=True)
    meant = {some[int(quad.subject.value[4:])]: str(quad.object) for quad in store}
    dictionary = Dictionary()
    ids = dictionary.encode(some)
    stored = dict(zip(some, dictionary.decode(dictionary.stored_of(ids)).to_pylist(), strict=True))
    assert {term: stored[term] for term in meant} == meant


def test_a_dictionary_in_many_segments_and_tables_is_one_dictionary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LASTING", 40)
    monkeypatch.setattr(module, "_TEXT_BYTES", 2000)
    dictionary, numbers = Dictionary(), range(1000)
    for begin in numbers[::7]:
        dictionary.encode([f"<urn:{n}>" for n in numbers[begin : begin + 7]] + [f'"{begin}"@de'])
        if begin % 3 == 0:
            tables = dictionary.lasting_tables()
            dictionary = Dictionary(dictionary.segments, dictionary.languages, tables)
    assert len(dictionary.segments) > 10
    assert len(dictionary.lasting_tables()) > 1
    terms = [f"<urn:{n}>" for n in numbers]
    ids = dictionary.find(terms)
    assert ids.all()
    assert dictionary.decode(ids).to_pylist() == terms
    assert dictionary.find(["<urn:1000>", "<urn:-1>"]).tolist() == [0, 0]
    everything = np.arange(len(dictionary) + 1)
    some = everything[::50]
    for column in ("kind", "datatype", "language", "stored", "hashes"):
        assert (
            getattr(dictionary, f"{column}_of")(some).tolist() == getattr(dictionary, column)[some].tolist()
        )


@given(terms)
def test_a_term_has_the_same_hash_in_every_dictionary(some: list[str]) -> None:
    one, two = Dictionary(), Dictionary()
    two.encode(["<urn:other>"])
    assert one.hashes_of(one.encode(some)).tolist() == two.hashes_of(two.encode(some)).tolist()
