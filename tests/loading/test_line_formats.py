"""N-Triples and N-Quads are read as Oxigraph's parser reads them: the same files, the same terms, the same errors."""

from __future__ import annotations

import io
import tarfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kb.columns.batches import BLOCK_BYTES, batches_of
from kb.columns.cutting import Lines
from kb.errors import SyntaxFault
from kb.loading import line_formats
from kb.loading.line_formats import _well_formed, read_lines
from kb.loading.rdf import read_rdf

GRAPH = "urn:default"
Outcome = Counter[tuple[str, ...]] | tuple[object, ...]


def outcome(text: bytes, *, graphs: bool, block: int) -> Outcome:
    """The quads that are read, or the error."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line_formats, "BLOCK_BYTES", block)
        try:
            batches = list(read_lines(io.BytesIO(text), graph=GRAPH, graphs=graphs))
        except SyntaxError as fault:
            return fault.msg, fault.lineno, fault.offset, fault.end_lineno, fault.end_offset
    return Counter(tuple(row.values()) for batch in batches for row in batch.to_pylist())


def expected(text: bytes, *, graphs: bool) -> Outcome:
    """The same of Oxigraph's parser."""
    form = ox.RdfFormat.N_QUADS if graphs else ox.RdfFormat.N_TRIPLES
    try:
        quads = list(ox.parse(io.BytesIO(text), format=form, rename_blank_nodes=False))
    except SyntaxError as fault:
        return fault.msg, fault.lineno, fault.offset, fault.end_lineno, fault.end_offset
    return Counter(tuple(row.values()) for batch in batches_of(quads, GRAPH) for row in batch.to_pylist())


IRIS = [
    *("<urn:a>", "<urn:>", "<a>", "<:a>", "<>", "<1:a>", "<urn:a b>", "<urn:%41>", "<urn:%4>", "<urn:%zz>"),
    *(
        "<http://example.org/a?b=c#d>",
        "<http://a:80/>",
        "<http://a:/>",
        "<http://a:999999/>",
        "<http://[::1]/>",
    ),
    *(
        "<http://[::1/>",
        "<http://[x]/>",
        "<http://u@h/>",
        "<http://>",
        "<http:///a>",
        "<http:////a>",
        "<urn:/a>",
    ),
    *(
        "<urn://a//b>",
        "<file:/a>",
        "<urn:?a?b>",
        "<urn:#a#b>",
        "<urn:é/中>",
        "<urn:\ue000>",
        "<urn:a?\ue000>",
    ),
    *(
        "<urn:\U0001f600>",
        "<urn:\ufdd0>",
        "<urn:\\u00e9>",
        "<urn:\\u0020>",
        "<urn:\\x>",
        '<urn:">',
        "<urn:<>",
    ),
    *("<urn:[>", "<urn:a", "urn:a>", "<urn:a|b>", "<urn:`>", "<urn:a\\>", "<é:a>", "<a+.-:b>", "<urn:\x7f>"),
]
BLANKS = ["_:a", "_:0a", "_:1", "_:a.b", "_:a.", "_:-", "_:a-", "_:é", "_:a:b", "_:", "_:_", "_a"]
LITERALS = [
    *(
        '""',
        '"a"',
        '"a b  c"',
        '"é中\U0001f600"',
        '"<urn:a> <urn:b>"',
        '"x _:a"',
        '"x <urn:a"',
        '". \\" ."',
        '"#"',
    ),
    *('"\\t\\n\\r\\b\\f\\"\\\\"', '"\\\'"', '"\\u0041\\u0000\\u007f"', '"\\uD800"', '"\\U0001F600"', '"\\x"'),
    *(
        '"\t"',
        '"\x00\x1f\x7f\x85"',
        '"\ufffe\uffff\u2028\ue000"',
        '"a\nb"',
        '"a\rb"',
        '"a',
        'a"',
        "'a'",
        '"""a"""',
    ),
    *('"a"b"', '"\\"', '"a" @en', '"a"^^ <urn:a>', '"a" ^^<urn:a>', "1", "true", '"a"@', '"a"^^', '"a"^^_:a'),
    *(
        "<<( <urn:a> <urn:b> <urn:c> )>>",
        '<<(<urn:a><urn:b>"c d"@en)>>',
        "<<( <urn:a> <urn:b> )>>",
        "<< <urn:a> >>",
    ),
]
TAGS = [
    *(
        "en",
        "EN",
        "en-GB",
        "en-gb",
        "zh-hans",
        "zh-hans-cn",
        "zh-cmn-hans-cn",
        "es-419",
        "es-4195",
        "abcd",
        "abcde",
    ),
    *(
        "abcdefghi",
        "a",
        "i-klingon",
        "x-a",
        "en-x",
        "en-a-bb",
        "en-",
        "en--ltr",
        "en--foo",
        "1",
        "e1",
        "en_gb",
        "é",
    ),
    *("en-gb-gb", "abcd-efgh", "abcde-abc", "de-1996", "sl-rozaj", "en-gb-oed"),
]
XSD, RDF = "http://www.w3.org/2001/XMLSchema#", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
DATATYPES = [
    *(f"<{XSD}string>", f"<{XSD}integer>", f"<{RDF}langString>", f"<{RDF}dirLangString>", f"<{RDF}JSON>"),
    *IRIS,
]
SPACES = st.sampled_from([" "] * 12 + ["", "  ", "\t", " \t", "\r", "\n", "\x0b", "\xa0", "\u3000"])
texts = st.text(alphabet=' <>"\\\n\r\t\x00\x7f._:@^é中\ufffe😀', max_size=8).map(lambda text: f'"{text}"')
iris = st.sampled_from(["<urn:a>", "<http://a.b/c>"] * 8 + IRIS)
nodes = st.one_of(iris, st.sampled_from(BLANKS))
literals = st.one_of(
    texts,
    st.sampled_from(LITERALS),
    st.sampled_from(TAGS).map('"a"@{}'.format),
    st.sampled_from(DATATYPES).map('"01"^^{}'.format),
)
objects = st.one_of(nodes, literals)
ends = st.sampled_from(["\n"] * 12 + ["\r\n", "\r", "", " # x\n", "#\n", " \n", "..\n", "<urn:a>\n", "\n\n"])
rare = st.sampled_from(
    ["\n", "# <urn:a> .\r", "#\r\n", " \t\n", "\ufeff\n", 'VERSION "1.2"\n', "@base <urn:a> .\n"]
)
statements = st.tuples(nodes, SPACES, iris, SPACES, objects, SPACES, st.just("."), ends).map("".join)
quads = st.tuples(nodes, SPACES, iris, SPACES, objects, SPACES, objects, SPACES, st.just("."), ends).map(
    "".join
)
good = st.sampled_from(
    [
        "<urn:a> <urn:b> <urn:c> .\n",
        '_:a <urn:b> "c <urn:d>" .\n',
        '<urn:a> <urn:b> "é"@en .\n',
        "<urn:a><urn:b>_:c.\n",
    ]
)
files = st.lists(st.one_of(good, good, statements, quads, rare), max_size=6).map("".join)
bad_bytes = st.sampled_from([b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf"])


@given(st.one_of(files, statements, quads), st.booleans(), st.sampled_from([1, 40, 100, BLOCK_BYTES]))
@settings(max_examples=400)
@example("<urn:a> <urn:b> <urn:c> .\r<urn:a> <urn:b> <urn:c>\n<urn:a> <urn:b> <urn:c> .\n", False, 1)
@example("<urn:a> <urn:b> <urn:c>\n", False, 1)
@example("<urn:a> <urn:b> <urn:c>", True, 1)
@example("# a\r\n# b\r# c\n\n<urn:a> <urn:b> <c> .\n", True, 1)
def test_lines_are_read_as_oxigraph_reads_them(text: str, graphs: bool, block: int) -> None:
    data = text.encode("utf-8", "surrogatepass")
    assert outcome(data, graphs=graphs, block=block) == expected(data, graphs=graphs)


@given(files, bad_bytes, st.integers(0, 200), st.booleans(), st.sampled_from([1, 40, BLOCK_BYTES]))
def test_bytes_that_are_not_utf8_are_judged_as_oxigraph_judges_them(
    text: str, wrong: bytes, place: int, graphs: bool, block: int
) -> None:
    data = text.encode()
    data = data[: place % (len(data) + 1)] + wrong + data[place % (len(data) + 1) :]
    assert outcome(data, graphs=graphs, block=block) == expected(data, graphs=graphs)


@pytest.mark.parametrize("term", [*IRIS, *BLANKS, *LITERALS, *(f'"a"@{tag}' for tag in TAGS)])
@pytest.mark.parametrize("place", range(4))
def test_each_term_is_taken_or_refused_as_by_oxigraph_wherever_it_stands(term: str, place: int) -> None:
    terms = ["<urn:s>", "<urn:p>", "<urn:o>", "<urn:g>"]
    terms[place] = term
    for graphs in (True, False):
        text = f"{' '.join(terms if graphs or place == 3 else terms[:3])} .\n".encode()
        assert outcome(text, graphs=graphs, block=BLOCK_BYTES) == expected(text, graphs=graphs)


@pytest.mark.parametrize("datatype", DATATYPES)
def test_each_datatype_is_taken_or_refused_as_by_oxigraph(datatype: str) -> None:
    text = f'<urn:s> <urn:p> "1"^^{datatype} .\n'.encode()
    assert outcome(text, graphs=False, block=BLOCK_BYTES) == expected(text, graphs=False)


@pytest.mark.parametrize(
    "term", ['"{}"', "<urn:{}>", "<urn:?{}>", "<urn:#{}>", "<http://{}/>", "<{}:a>", "_:a{}"]
)
def test_each_character_that_is_taken_is_one_that_oxigraph_takes_and_keeps(term: str) -> None:
    codes = [*range(0xD800), *range(0xE000, 0x10010)]
    codes += [
        plane + end for plane in range(0x10000, 0x110000, 0x10000) for end in (0, 1, 0xFFFD, 0xFFFE, 0xFFFF)
    ]
    lines = [f"<urn:s> <urn:p> {term.format(chr(code))} .\n" for code in codes if chr(code) not in "\r\n"]
    found = Lines("".join(lines).encode(), graphs=False)
    sure = found.regular.copy()
    sure[sure] = _well_formed(found.batch(GRAPH, sure))
    taken = found.text(sure)
    assert outcome(taken, graphs=False, block=BLOCK_BYTES) == expected(taken, graphs=False)
    assert sure.sum() >= 26


def test_w3c_tests_are_read_as_oxigraph_reads_them(shared_data: Callable[[str], Path]) -> None:
    count = 0
    with tarfile.open(shared_data("w3c-tests") / "rdf-tests-rdf.tar.gz") as archive:
        for member in archive:
            if member.isfile() and member.name.endswith((".nt", ".nq")):
                text = archive.extractfile(member).read()  # type: ignore[union-attr]
                graphs = member.name.endswith(".nq")
                assert outcome(text, graphs=graphs, block=BLOCK_BYTES) == expected(text, graphs=graphs), (
                    member.name
                )
                count += 1
    assert count > 100


def test_an_error_behind_many_blocks_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.nt"
    line = b"<http://example.org/%d> <http://example.org/p> <http://example.org/o> .\n"
    with path.open("wb") as sink:
        sink.writelines(line % number for number in range(300_000))
        sink.write(b'<urn:s> <urn:p> "unfinished .\n<urn:s> <urn:p> "" .\n')
    assert path.stat().st_size > 2 * BLOCK_BYTES
    with pytest.raises(SyntaxFault, match="Line jumps are not allowed") as caught:
        list(read_rdf(path, graph=GRAPH, skolem="urn:skolem:"))
    assert "line 300001" in str(caught.value)
    assert '«<urn:s> <urn:p> "unfinished .»' in str(caught.value)


def test_a_line_longer_than_a_block_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.nt"
    path.write_text(f'<urn:s> <urn:p> "{"x" * 15_000_000}" .\n<urn:s> <urn:p> <urn:o> .\n', encoding="utf-8")
    assert sum(map(len, read_rdf(path, graph=GRAPH, skolem="urn:skolem:"))) == 2


def test_a_term_longer_than_oxigraph_takes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.nt"
    path.write_text(f'<urn:s> <urn:p> "{"x" * 17_000_000}" .\n', encoding="utf-8")
    with pytest.raises(SyntaxFault, match="longer than 16 MiB"):
        list(read_rdf(path, graph=GRAPH, skolem="urn:skolem:"))
