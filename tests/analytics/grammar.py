"""Random graphs and random queries of the grammar that columns cover."""

from __future__ import annotations

from hypothesis import strategies as st

XSD = "http://www.w3.org/2001/XMLSchema#"


def typed(form: str, name: str) -> str:
    return f'"{form}"^^<{XSD}{name}>'


NODES = [f"<urn:n{number}>" for number in range(4)]
BLANKS = ["_:b0", "_:b1"]
PREDICATES = ["<urn:p>", "<urn:q>", "<urn:r>", "<urn:s>"]
WHOLE = [
    typed(form, "integer")
    for form in ("0", "1", "2", "-3", "10", "007", "900000000000", "9000000000000000000")
]
WHOLE += [typed("5", "byte"), typed("12345678901234567890123", "integer"), typed("2", "long")]
FRACTIONS = [
    typed(form, "decimal") for form in ("1.0", "0.5", "-2.25", "1.50", "10", "0.000001", "3.14159265358979")
]
FRACTIONS += [typed("123456789012.5", "decimal"), typed("1.12345678901234567890", "decimal")]
FLOATS = [typed(form, "double") for form in ("1.0E0", "0.5", "-0.0", "NaN", "INF", "-INF", "2.5E1")]
FLOATS += [typed("1.5", "float"), typed("2", "float")]
TEXTS = [
    '""',
    '"a"',
    '"b"',
    '"abc"',
    '"A"',
    '"é"',
    '"É"',
    '"\u212a"',
    '"a b"',
    '"1"',
    '"q\\"uote"',
    '"line\\nbreak"',
    '"tab\\there"',
]
TAGGED = ['"a"@en', '"a"@EN', '"b"@de', '"abc"@en-GB']
TIMES = [
    typed(form, "dateTime")
    for form in (
        "2024-01-31T10:00:00Z",
        "2024-01-31T12:00:00+02:00",
        "2024-01-31T10:00:00",
        "2024-02-29T23:59:59.5Z",
        "1969-12-31T23:59:59Z",
        "2024-01-31T10:00:00.000Z",
    )
]
DAYS = [typed(form, "date") for form in ("2024-01-31", "2024-02-29", "2024-01-31Z", "1960-05-05")]
ODD = [
    typed("true", "boolean"),
    typed("0", "boolean"),
    typed("x", "integer"),
    typed("2024-13-01", "date"),
    typed("maybe", "boolean"),
    typed("P1D", "dayTimeDuration"),
    typed("2024", "gYear"),
    '"x"^^<urn:type>',
]
FAMILIES = [WHOLE, FRACTIONS, FLOATS, TEXTS, TAGGED, TIMES, DAYS, ODD, NODES]
LITERALS = [one for family in FAMILIES[:-1] for one in family]
VARIABLES = ["?a", "?b", "?c", "?d"]


@st.composite
def graphs(draw: st.DrawFn) -> list[tuple[str, str, str]]:
    """Triples; each predicate has objects of one or two families, so that much joins and much compares."""
    triples = []
    blanks = draw(st.booleans())
    subjects = NODES + (BLANKS if blanks else [])
    for predicate in PREDICATES:
        families = draw(st.lists(st.sampled_from([*FAMILIES, NODES, NODES, NODES]), min_size=1, max_size=2))
        objects = [one for family in families for one in family]
        pairs = draw(
            st.lists(st.tuples(st.sampled_from(subjects), st.sampled_from(objects)), min_size=1, max_size=12)
        )
        triples += [(subject, predicate, object) for subject, object in pairs]
    return triples


@st.composite
def queries(draw: st.DrawFn) -> str:
    """A query of any kind."""
    where = draw(groups(2))
    kind = draw(
        st.sampled_from(
            ["star", "plain", "grouped", "grouped", "total", "ask", "sub", "construct", "ordered"]
        )
    )
    if kind == "ask":
        return f"ASK {where}"
    if kind == "sub":
        other = draw(groups(1))
        inner = draw(grouped(other))
        return f"SELECT * {{ {where} {{ {inner} }} }}"
    if kind == "star":
        return f"SELECT * {where}"
    if kind == "construct":
        made = draw(st.lists(templates(), min_size=1, max_size=2))
        return f"CONSTRUCT {{ {' '.join(made)} }} {where}"
    if kind == "ordered":
        return f"SELECT * {where} ORDER BY {draw(st.sampled_from(VARIABLES))}"
    if kind == "grouped":
        return draw(grouped(where))
    if kind == "total":
        return f"SELECT {draw(aggregates())} {where}"
    names = draw(st.lists(st.sampled_from(VARIABLES), min_size=1, max_size=3, unique=True))
    word = draw(st.sampled_from(["", "DISTINCT "]))
    extra = ""
    if draw(st.booleans()):
        extra = f" ({draw(expressions(2))} AS ?e)"
    return f"SELECT {word}{' '.join(names)}{extra} {where}"


@st.composite
def templates(draw: st.DrawFn) -> str:
    subject = draw(st.sampled_from([*VARIABLES, NODES[0]]))
    predicate = draw(st.sampled_from([*VARIABLES, "a", *PREDICATES]))
    return f"{subject} {predicate} {draw(st.sampled_from([*VARIABLES, *LITERALS[::9]]))} ."


@st.composite
def grouped(draw: st.DrawFn, where: str) -> str:
    keys = draw(st.lists(st.sampled_from(VARIABLES), min_size=1, max_size=2, unique=True))
    text = f"SELECT {' '.join(keys)} {draw(aggregates())} {where} GROUP BY {' '.join(keys)}"
    if draw(st.integers(0, 3)) == 0:
        text += f" HAVING (COUNT({draw(st.sampled_from(VARIABLES))}) >= {draw(st.integers(0, 3))})"
    return text


@st.composite
def aggregates(draw: st.DrawFn) -> str:
    names = iter("xyz")
    found = []
    for _ in range(draw(st.integers(1, 2))):
        function = draw(
            st.sampled_from(["COUNT", "COUNT", "SUM", "AVG", "MIN", "MAX", "SAMPLE", "GROUP_CONCAT"])
        )
        distinct = draw(st.sampled_from(["", "", "DISTINCT "]))
        inner = draw(st.sampled_from(VARIABLES))
        if function == "COUNT" and draw(st.booleans()):
            inner = "*"
        elif draw(st.integers(0, 3)) == 0:
            inner = draw(expressions(1))
        if function == "GROUP_CONCAT" and draw(st.booleans()):
            inner += "; SEPARATOR = '-'"
        one = f"{function}({distinct}{inner})"
        if draw(st.integers(0, 4)) == 0:
            one = f"{one} {draw(st.sampled_from('+-*/'))} {draw(st.sampled_from(['2', '0.5', 'COUNT(*)']))}"
        found.append(f"({one} AS ?{next(names)})")
    return " ".join(found)


@st.composite
def groups(draw: st.DrawFn, depth: int) -> str:
    parts = [draw(patterns())]
    bound: list[str] = []
    for _ in range(draw(st.integers(0, 2 if depth else 1))):
        kinds = ["patterns", "filter", "filter", "values", "bind"]
        if depth:
            kinds += ["optional", "optional", "union", "minus", "exists", "exists", "group"]
        kind = draw(st.sampled_from(kinds))
        if kind == "patterns":
            parts.append(draw(patterns()))
        elif kind == "filter":
            parts.append(f"FILTER({draw(expressions(2))})")
        elif kind == "values":
            parts.append(draw(values()))
        elif kind == "bind":
            name = f"?e{depth}{len(bound)}"
            bound.append(name)
            parts.append(f"BIND({draw(expressions(2))} AS {name})")
        elif kind == "union":
            parts.append(f"{draw(groups(depth - 1))} UNION {draw(groups(depth - 1))}")
        elif kind == "group":
            parts.append(draw(groups(depth - 1)))
        elif kind == "exists":
            word = draw(st.sampled_from(["EXISTS", "NOT EXISTS"]))
            inner = draw(patterns())
            if draw(st.booleans()):
                inner += f" FILTER({draw(expressions(1))})"
            parts.append(f"FILTER {word} {{ {inner} }}")
        else:
            parts.append(f"{kind.upper()} {draw(groups(depth - 1))}")
    return "{ " + " ".join(parts) + " }"


@st.composite
def values(draw: st.DrawFn) -> str:
    names = draw(st.lists(st.sampled_from(VARIABLES), min_size=1, max_size=2, unique=True))
    cell = st.one_of(st.just("UNDEF"), st.sampled_from(NODES), st.sampled_from(LITERALS))
    rows = draw(st.lists(st.lists(cell, min_size=len(names), max_size=len(names)), max_size=4))
    return f"VALUES ({' '.join(names)}) {{ {' '.join('(' + ' '.join(row) + ')' for row in rows)} }}"


@st.composite
def patterns(draw: st.DrawFn) -> str:
    found = []
    for _ in range(draw(st.integers(1, 3))):
        subject = draw(st.sampled_from(["?a"] * 8 + ["?b"] * 4 + ["?c", NODES[0], "_:x"]))
        predicate = draw(st.sampled_from([*PREDICATES * 4, "?d", *PATHS]))
        object = draw(
            st.sampled_from(["?b", "?c", "?d"] * 12 + ["?a", "_:x", *NODES[:2], *LITERALS[::7], "(?b)"])
        )
        found.append(f"{subject} {predicate} {object} .")
    return " ".join(found)


PATHS = [
    "<urn:p>/<urn:q>",
    "^<urn:p>",
    "<urn:p>+",
    "<urn:q>*",
    "<urn:p>?",
    "<urn:p>|<urn:q>",
    "(<urn:p>/<urn:q>)+",
]
PATHS += ["(<urn:p>|^<urn:q>)*", "<urn:p>+/<urn:r>", "!<urn:p>", "!(<urn:p>|<urn:q>)", "!(<urn:p>|^<urn:q>)"]
PATHS += ["!^<urn:p>", "(!<urn:p>)*"]


@st.composite
def expressions(draw: st.DrawFn, depth: int) -> str:
    if not depth:
        return draw(st.one_of(*[st.sampled_from(VARIABLES)] * 3, st.sampled_from([*LITERALS, *NODES])))
    inner = expressions(depth - 1)
    kind = draw(
        st.sampled_from(
            ["compare"] * 4
            + [
                "logic",
                "arithmetic",
                "arithmetic",
                "in",
                "in",
                "chain",
                "bound",
                "call",
                "not",
                "if",
                "word",
                "word",
            ]
        )
    )
    if kind == "compare":
        return f"({draw(inner)} {draw(st.sampled_from(['=', '!=', '<', '>', '<=', '>=']))} {draw(inner)})"
    if kind == "logic":
        return f"({draw(inner)} {draw(st.sampled_from(['&&', '||']))} {draw(inner)})"
    if kind == "arithmetic":
        return f"({draw(inner)} {draw(st.sampled_from('+-*/'))} {draw(inner)})"
    if kind == "in":
        word = draw(st.sampled_from(["IN", "NOT IN"]))
        if draw(st.booleans()):
            some = st.sampled_from([*LITERALS, *NODES])
            among = draw(st.lists(some, max_size=4))
            return f"({draw(inner)} {word} ({', '.join(among)}))"
        return f"({draw(inner)} {word} ({draw(inner)}, {draw(inner)}))"
    if kind == "chain":
        name, operator = draw(st.sampled_from(VARIABLES)), draw(st.sampled_from(["||", "&&"]))
        some = draw(st.lists(st.sampled_from([*LITERALS, *NODES]), min_size=2, max_size=4))
        return "(" + f" {operator} ".join(f"{name} = {one}" for one in some) + ")"
    if kind == "bound":
        return f"BOUND({draw(st.sampled_from(VARIABLES))})"
    if kind == "not":
        return f"(!{draw(inner)})"
    if kind == "word":
        return draw(words())
    if kind == "if":
        return f"IF({draw(inner)}, {draw(inner)}, {draw(inner)})"
    name = draw(
        st.sampled_from(
            [
                "STR",
                "LANG",
                "DATATYPE",
                "YEAR",
                "MONTH",
                "DAY",
                "STRLEN",
                "UCASE",
                "ABS",
                "ROUND",
                "isIRI",
                "isNumeric",
            ]
            + [f"<{XSD}{one}>" for one in ("integer", "decimal", "double", "string", "boolean")]
        )
    )
    return f"{name}({draw(inner)})"


CALLS: list[list[str]] = [[], [], ["STR"], ["LCASE"], ["STR", "UCASE"], ["LCASE", "STR"], ["UCASE", "LCASE"]]
WORDS = ['"a"', '"B"', '"b"', '"é"', '""', '"urn:n1"', '"k"', '"a b"', '"a"@en', '"[ab]"', '"\\t"']


@st.composite
def words(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(VARIABLES))
    for call in draw(st.sampled_from(CALLS)):
        text = f"{call}({text})"
    word = draw(st.sampled_from(WORDS))
    if draw(st.booleans()):
        return f"{draw(st.sampled_from(['CONTAINS', 'STRSTARTS', 'STRENDS']))}({text}, {word})"
    flags = draw(st.sampled_from(["", ', "i"', ', ""', ', "s"']))
    return f"REGEX({text}, {word}{flags})"
