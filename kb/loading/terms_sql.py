"""Term maps as SQL expressions that give terms in N-Triples syntax, and the faults of rows that can't give one.

NULL is no term. Escaping is that of pyoxigraph; percent-encoding keeps `iunreserved` of RFC 3987.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import MappingError
from .functions import function
from .mapping import LANGUAGE_TAG, Constant, Expression, FunctionCall, Reference, Template, TermMap, TermType
from .sources import quote

XSD = "http://www.w3.org/2001/XMLSchema#"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_FORBIDDEN = re.compile(r'[\x00-\x20<>"{}|^`\\]')
_UNRESERVED = (
    "A-Za-z0-9._~\\x{A0}-\\x{D7FF}\\x{F900}-\\x{FDCF}\\x{FDF0}-\\x{FFEF}\\x{10000}-\\x{1FFFD}\\x{20000}-\\x{2FFFD}"
    "\\x{30000}-\\x{3FFFD}\\x{40000}-\\x{DFFFD}\\x{E1000}-\\x{EFFFD}-"
)
_CONTROLS = [chr(code) for code in (*range(0x20), 0x7F, 0xFFFE, 0xFFFF)]
_SHORT = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


@dataclass(frozen=True)
class Column:
    """A reference as SQL: its text, the datatype IRI of its natural mapping (SQL; None: a plain string), its faults."""

    text: str
    datatype: str | None = None
    fault: str | None = None


@dataclass(frozen=True)
class Term:
    """A term as SQL; `constant` holds it when every row has the same."""

    sql: str
    constant: str | None = None
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scope:
    """Where a term map is read: its columns, the number of its row, what relative IRIs and blank nodes begin with."""

    column: Callable[[Reference], Column]
    row_key: Callable[[], str]
    base: str | None
    skolem: str
    where: str


@dataclass(frozen=True)
class _Value:
    """The value of an expression before it is made a term."""

    text: str
    datatype: str | None = None
    faults: tuple[str, ...] = ()


def macros() -> list[str]:
    """The CREATE MACRO statements that terms need."""
    rare = "".join(f"\\x{{{ord(each):X}}}" for each in _CONTROLS)
    escaped = "replace(replace(x, '\\', '\\\\'), '\"', '\\\"')"
    for each in ("\n", "\r", "\t"):
        escaped = f"replace({escaped}, chr({ord(each)}), '{_SHORT[each]}')"
    controls = escaped
    for each in _CONTROLS:
        if each not in "\n\r\t":
            mark = _SHORT.get(each, f"\\u{ord(each):04X}")
            controls = f"replace({controls}, chr({ord(each)}), '{mark}')"
    usual = rare.replace("\\x{9}", "").replace("\\x{A}", "").replace("\\x{D}", "")
    piece = f"CASE WHEN regexp_full_match(p, '[{_UNRESERVED}]+') THEN p ELSE url_encode(p) END"
    return [
        f"CREATE TEMP MACRO ckb_escape(x) AS CASE WHEN NOT regexp_matches(x, '[{rare}\"\\\\]') THEN x"
        f" WHEN regexp_matches(x, '[{usual}]') THEN {controls} ELSE {escaped} END",
        "CREATE TEMP MACRO ckb_encode(x) AS CASE WHEN regexp_full_match(x, '[A-Za-z0-9._~-]*') THEN x"
        " WHEN strlen(x) = length(x) THEN url_encode(x)"
        f" ELSE array_to_string(list_transform(regexp_extract_all(x, '[{_UNRESERVED}]+|[^{_UNRESERVED}]+'),"
        f" lambda p: {piece}), '') END",
        *_double_macros(),
    ]


def _double_macros() -> list[str]:
    """Canonical xsd:double: `x` is split into sign, digits and exponent by its text."""
    return [
        "CREATE TEMP MACRO ckb_significant(whole, part) AS ltrim(whole || part, '0')",
        "CREATE TEMP MACRO ckb_scientific(sign, whole, part, power) AS"
        " CASE WHEN ckb_significant(whole, part) = '' THEN sign || '0.0E0' ELSE"
        " sign || ckb_significant(whole, part)[1] || '.'"
        " || coalesce(nullif(rtrim(substr(ckb_significant(whole, part), 2), '0'), ''), '0') || 'E'"
        " || CAST(power + length(whole) - 1 - (length(whole || part) - length(ckb_significant(whole, part)))"
        " AS VARCHAR) END",
        "CREATE TEMP MACRO ckb_double(x) AS CASE lower(x) WHEN 'nan' THEN 'NaN'"
        " WHEN 'inf' THEN 'INF' WHEN '-inf' THEN '-INF'"
        " ELSE ckb_scientific(regexp_extract(x, '^-'), regexp_extract(x, '^-?([0-9]*)', 1),"
        " regexp_extract(x, '\\.([0-9]*)', 1), coalesce(TRY_CAST(regexp_extract(x, '[eE](.*)$', 1) AS INT), 0)) END",
    ]


def term(map: TermMap, scope: Scope) -> Term:
    """The SQL of a term map."""
    if isinstance(map.expression, Constant):
        made = map.expression
        if made.is_iri:
            return _constant_iri(made.text, scope)
        return Term(quote(made.term), made.term)
    if map.term_type is TermType.LITERAL:
        return _literal(map, scope)
    if map.term_type is TermType.BLANK:
        return _blank(map.expression, scope)
    value, faults = _iri(map.expression, map.term_type, scope)
    return Term(f"'<' || {value} || '>'", None, faults)


def text(expression: Expression, scope: Scope) -> str:
    """The SQL of an expression's text, as join conditions compare it."""
    return _value(expression, scope).text


def _constant_iri(value: str, scope: Scope) -> Term:
    if not _SCHEME.match(value):
        value = _based(value, scope)
    return Term(quote(f"<{value}>"), f"<{value}>")


def _based(value: str, scope: Scope) -> str:
    if scope.base is None:
        raise MappingError(
            f"'{value}' is a relative IRI", where=scope.where, hint="write it in full, or give a base IRI"
        )
    return scope.base + value


def _blank(expression: Expression | None, scope: Scope) -> Term:
    value = _Value(scope.row_key()) if expression is None else _value(expression, scope)
    return Term(f"{quote('<' + scope.skolem)} || ckb_encode({value.text}) || '>'", None, value.faults)


def _literal(map: TermMap, scope: Scope) -> Term:
    assert map.expression is not None
    value = _value(map.expression, scope)
    escaped = f"'\"' || ckb_escape({value.text}) || '\"'"
    if map.language is not None:
        return _tagged(map.language, value, escaped, scope)
    if map.datatype is not None:
        return _typed(map.datatype, value, escaped, scope)
    if value.datatype is None:
        return Term(escaped, None, value.faults)
    double = f"'\"' || ckb_double({value.text}) || '\"^^<{XSD}double>'"
    if value.datatype == quote(XSD + "double"):
        return Term(double, None, value.faults)
    if value.datatype.startswith("'"):
        return Term(f"{escaped} || {quote('^^<' + value.datatype[1:-1] + '>')}", None, value.faults)
    sql = (
        f"CASE {value.datatype} WHEN '{XSD}double' THEN {double} WHEN '' THEN {escaped}"
        f" ELSE {escaped} || '^^<' || {value.datatype} || '>' END"
    )
    return Term(sql, None, value.faults)


def _tagged(language: TermMap, value: _Value, escaped: str, scope: Scope) -> Term:
    if isinstance(language.expression, Constant):
        return Term(f"{escaped} || {quote('@' + language.expression.text)}", None, value.faults)
    assert language.expression is not None
    tag = _value(language.expression, scope)
    wrong = f"NOT regexp_full_match({tag.text}, '{LANGUAGE_TAG}')"
    fault = f"CASE WHEN {wrong} THEN '\"' || {tag.text} || '\" is not a language tag' END"
    return Term(f"{escaped} || '@' || {tag.text}", None, (*value.faults, *tag.faults, fault))


def _typed(datatype: TermMap, value: _Value, escaped: str, scope: Scope) -> Term:
    if isinstance(datatype.expression, Constant):
        iri = datatype.expression.text
        if iri == XSD + "string":
            return Term(escaped, None, value.faults)
        if iri == XSD + "double" and value.datatype == quote(iri):
            escaped = f"'\"' || ckb_double({value.text}) || '\"'"
        return Term(f"{escaped} || {quote(f'^^<{iri}>')}", None, value.faults)
    name, faults = _iri(datatype.expression, datatype.term_type, scope)
    sql = f"CASE {name} WHEN '{XSD}string' THEN {escaped} ELSE {escaped} || '^^<' || {name} || '>' END"
    return Term(sql, None, (*value.faults, *faults))


def _iri(expression: Expression | None, term_type: TermType, scope: Scope) -> tuple[str, tuple[str, ...]]:
    """The SQL of an IRI without brackets, and its faults."""
    if isinstance(expression, Template):
        return _templated(expression, term_type, scope)
    assert expression is not None
    value = _value(expression, scope)
    return _absolute(value.text, scope), (*value.faults, _iri_fault(value.text, scope))


def _templated(template: Template, term_type: TermType, scope: Scope) -> tuple[str, tuple[str, ...]]:
    encoders = {TermType.URI: "url_encode({})", TermType.UNSAFE_IRI: "{}"}
    encode = encoders.get(term_type, "ckb_encode({})")
    parts, faults = [], []
    for part in template.parts:
        if isinstance(part, str):
            if _FORBIDDEN.search(part):
                raise MappingError(
                    f"'{part}' can't be part of an IRI", where=scope.where, hint="percent-encode it"
                )
            parts.append(quote(part))
        else:
            column = scope.column(part)
            parts.append(encode.format(column.text))
            faults += [column.fault] if column.fault else []
    joined = " || ".join(parts)
    first = template.parts[0]
    if isinstance(first, str) and not _SCHEME.match(first):
        joined = f"{quote(_based('', scope))} || {joined}"
    elif not isinstance(first, str) or term_type is TermType.UNSAFE_IRI:
        faults.append(_iri_fault(f"({joined})", scope))
        joined = _absolute(f"({joined})", scope)
    return joined, tuple(faults)


def _absolute(value: str, scope: Scope) -> str:
    if scope.base is None:
        return value
    whole = f"regexp_matches({value}, '^{_SCHEME.pattern}')"
    return f"CASE WHEN {whole} THEN {value} ELSE {quote(scope.base)} || {value} END"


def _iri_fault(value: str, scope: Scope) -> str:
    pattern = _FORBIDDEN.pattern.replace("\\x00-\\x20", "\\x00- ")
    fault = f"CASE WHEN regexp_matches({value}, {quote(pattern)}) THEN '\"' || {value} || '\" is not an IRI'"
    if scope.base is None:
        whole = f"regexp_matches({value}, '^{_SCHEME.pattern}')"
        fault += f" WHEN NOT {whole} THEN '\"' || {value} || '\" is a relative IRI'"
    return f"{fault} END"


def _value(expression: Expression, scope: Scope) -> _Value:
    if isinstance(expression, Constant):
        return _Value(quote(expression.text))
    if isinstance(expression, Reference):
        column = scope.column(expression)
        return _Value(column.text, column.datatype, (column.fault,) if column.fault else ())
    if isinstance(expression, Template):
        parts = [
            _Value(quote(part)) if isinstance(part, str) else _value(part, scope) for part in expression.parts
        ]
        joined = " || ".join(part.text for part in parts)
        return _Value(f"({joined})", None, tuple(fault for part in parts for fault in part.faults))
    return _called(expression, scope)


def _called(call: FunctionCall, scope: Scope) -> _Value:
    given = {name.rsplit("#", 1)[-1].rsplit(":", 1)[-1]: _value(each, scope) for name, each in call.arguments}
    found = function(call.function, given, scope.where)
    sql = found.sql({name: each.text for name, each in given.items()})
    value = given[found.parameters[0]].text
    fault = f"CASE WHEN {value} IS NOT NULL AND {sql} IS NULL THEN '\"' || {value} || '\" is not {found.reads}' END"
    faults = [fault for each in given.values() for fault in each.faults]
    return _Value(sql, None if found.datatype is None else quote(found.datatype), (*faults, fault))
