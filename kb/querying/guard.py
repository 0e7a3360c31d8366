"""Bounds a SPARQL text before any parser sees it.

A recursive parser dies from a few kilobytes of brackets or operators, and SERVICE reaches out of the machine;
both are seen here with one regular expression that skips strings, IRIs, comments and names. What passes may
still be wrong SPARQL: saying so is the parser's work.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from ..errors import Forbidden, QueryError


class Form(Enum):
    """What a text asks for, by the first keyword behind its prologue."""

    SELECT = "SELECT"
    ASK = "ASK"
    CONSTRUCT = "CONSTRUCT"
    DESCRIBE = "DESCRIBE"
    UPDATE = "UPDATE"


@dataclass(frozen=True)
class Limits:
    """The most that a text may hold: bytes of UTF-8, open brackets, operators in a row, clauses in all.

    `prefix` is the length of a declared IRI: each name that begins with it becomes so much longer.
    """

    length: int = 1_000_000
    depth: int = 100
    operators: int = 200
    clauses: int = 500
    prefix: int = 1_000


_TOKEN = re.compile(
    r"""
      (?P<skipped> [\x20\t\r\n]+ | \#[^\r\n]*
        | '{3}(?:'{0,2}(?:[^'\\]|\\.))*'{3} | "{3}(?:"{0,2}(?:[^"\\]|\\.))*"{3}
        | '(?:[^'\\\r\n]|\\.)*' | "(?:[^"\\\r\n]|\\.)*"
        | [?$]\w+ | @[A-Za-z]+(?:-[A-Za-z0-9]+)* | (?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?
        | (?:[^\W\d_][\w.\-]{0,64}+)?:(?:[\w.:\-]|%[0-9A-Fa-f]{2}|\\.)* | _:[\w.\-]+ )
    | (?P<unended> ['"] )
    | (?P<iri> <[^<>"{}|^`\x00-\x20]*> )
    | (?P<word> [^\W\d]\w* )
    | (?P<open> [({\[] | << )
    | (?P<close> [)}\]] | >> )
    | (?P<operator> \|\| | && | [!+\-*/|^=<>] )
    | (?P<separator> [.;,] )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)

_NAMING = {"FROM", "GRAPH"}
_PERHAPS_NAMING = re.compile("from|graph", re.IGNORECASE)
PROLOGUE = {"PREFIX", "BASE", "VERSION"}
_UPDATES = {"INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE", "ADD", "MOVE", "COPY", "WITH"}
_READING = {"WHERE", "LOAD", "ADD", "MOVE", "COPY"}
_CLAUSES = {"AS", "BIND", "EXISTS", "FILTER", "GRAPH", "IF", "MINUS", "OPTIONAL", "SELECT", "UNION", "VALUES"}
_ENDS_EXPRESSION = _CLAUSES - {"EXISTS", "IF"} | {"GROUP", "HAVING", "LIMIT", "OFFSET", "ORDER", "WHERE"}
_OPENING = {")": "(", "}": "{", "]": "[", ">>": "<<"}
_HIDDEN = re.compile(r"[(!+\-*/|&=]")
_PREVIEW = 40
# One text is looked at several times on its way to an answer.
_REMEMBERED = 8


class _Bounds:
    """Counts what one text holds and refuses it where a limit is passed."""

    def __init__(self, text: str, limits: Limits) -> None:
        self.text = text
        self.limits = limits
        self.depth = {"(": 0, "{": 0, "[": 0, "<<": 0}
        self.chains = [0]
        self.clauses = 0
        self.declares = False

    def open(self, bracket: str, at: int) -> None:
        self.depth[bracket] += 1
        self.chains.append(0)
        if sum(self.depth.values()) > self.limits.depth:
            raise self.refusal(f"The query nests deeper than {self.limits.depth} levels", at)

    def close(self, bracket: str) -> None:
        # Kinds are counted apart, so that a stray closer of one kind can't hide openers of another.
        self.depth[_OPENING[bracket]] = max(0, self.depth[_OPENING[bracket]] - 1)
        if len(self.chains) > 1:
            self.chains.pop()

    def operator(self, at: int) -> None:
        self.chains[-1] += 1
        if self.chains[-1] > self.limits.operators:
            raise self.refusal(f"One expression or path has more than {self.limits.operators} operators", at)

    def iri(self, iri: str, at: int) -> None:
        # In "?a<((1))&&?b>?c" a parser may read what looks like an IRI as operators and brackets.
        if len(_HIDDEN.findall(iri)) > self.limits.depth:
            raise self.refusal(f"An IRI has more than {self.limits.depth} brackets and operators", at)
        if self.declares and len(iri) > self.limits.prefix:
            raise self.refusal(f"A prefix or base is longer than {self.limits.prefix:,} characters", at)
        self.declares = False

    def word(self, word: str, at: int) -> None:
        self.declares = word in PROLOGUE
        if word == "SERVICE":
            raise Forbidden(
                "SERVICE is switched off: a query may not reach other servers",
                where=position(self.text, at),
                hint="load the other data first (kb load), then ask here",
            )
        if word in _CLAUSES:
            self.clauses += 1
            if self.clauses > self.limits.clauses:
                raise self.refusal(f"The query has more than {self.limits.clauses} clauses", at)
        if word in _ENDS_EXPRESSION:
            self.chains[-1] = 0

    def refusal(self, what: str, at: int) -> QueryError:
        return QueryError(what, where=position(self.text, at), hint="split the query into smaller ones")


@lru_cache(_REMEMBERED)
def check(text: str, *, limits: Limits | None = None, empty: Form | None = None) -> Form:
    """What the text asks for, after its length, depth, operators and clauses proved bounded.

    `empty` is the form of a text that asks for nothing. Raises QueryError where a limit is passed or no query form
    is found, Forbidden for SERVICE.

    >>> check("PREFIX ex: <http://example.org/> SELECT ?service { ?s ex:SERVICE 'SERVICE' }  # SERVICE")
    <Form.SELECT: 'SELECT'>
    >>> check("ASK { SERVICE <http://example.org/> { ?s ?p ?o } }")
    Traceback (most recent call last):
    kb.errors.Forbidden: SERVICE is switched off: ... (line 1, column 7, ...). ...
    """
    limits = limits or Limits()
    if len(text.encode("utf-8", "surrogatepass")) > limits.length:
        raise QueryError(
            f"The query is longer than {limits.length:,} bytes", hint="split it into smaller ones"
        )
    bounds = _Bounds(text, limits)
    form: str | None = None
    for token in tokens(text):
        kind, at = token.lastgroup, token.start()
        if kind == "word":
            word = token.group().upper()
            bounds.word(word, at)
            if form is None and word not in PROLOGUE:
                form = _form(word, text, at)
        elif kind == "open":
            bounds.open(token.group(), at)
        elif kind == "close":
            bounds.close(token.group())
        elif kind == "operator":
            bounds.operator(at)
        elif kind == "iri":
            bounds.iri(token.group(), at)
        elif kind == "separator":
            bounds.chains[-1] = 0
        elif kind == "unended":
            raise QueryError(
                "A string has no end", where=position(text, at), hint="close it with the same quotes"
            )
    if form is None and empty:
        return empty
    if form is None:
        raise _empty()
    return Form(form)


def form_of(text: str) -> Form:
    """What the text asks for, by its first keyword alone: nothing is bounded yet. Raises QueryError as `check`.

    >>> form_of("PREFIX ex: <http://example.org/> ASK { SERVICE")
    <Form.ASK: 'ASK'>
    """
    for token in tokens(text):
        if token.lastgroup == "word" and (word := token.group().upper()) not in PROLOGUE:
            return Form(_form(word, text, token.start()))
    raise _empty()


def tokens(text: str) -> Iterator[re.Match[str]]:
    """The tokens of a text; their `lastgroup` is word, iri, open, close, operator, separator, or skipped.

    >>> [token["word"] for token in tokens("ASK { ?s a <urn:ASK> } # ASK") if token["word"]]
    ['ASK', 'a']
    """
    return _TOKEN.finditer(text)


@lru_cache(_REMEMBERED)
def names_graphs(text: str) -> bool:
    """Whether a query speaks of graphs by name; words in comments, strings and variables don't count.

    >>> names_graphs("SELECT * { GRAPH ?g { ?s ?p ?o } }"), names_graphs("SELECT ?graph {} # from a to b")
    (True, False)
    """
    if not _PERHAPS_NAMING.search(text):
        return False
    words = (token["word"] for token in tokens(text) if token["word"])
    return any(word.upper() in _NAMING for word in words)


def evaluates(text: str) -> bool:
    """Whether an update has to read: a WHERE, a document, a graph to copy.

    >>> evaluates("INSERT DATA { <urn:where> ?p 'WHERE' }"), evaluates("DELETE WHERE { ?s ?p ?o }")
    (False, True)
    """
    return any(token["word"] and token["word"].upper() in _READING for token in tokens(text))


def position(text: str, offset: int) -> str:
    """Line, column (both from 1) and fragment of a place in a text, for messages.

    >>> position("ASK {\\n  ?s }", 8)
    "line 2, column 3, at '?s }'"
    """
    line = text.count("\n", 0, offset) + 1
    column = offset - (text.rfind("\n", 0, offset) + 1) + 1
    fragment = text[offset : offset + _PREVIEW].split("\n")[0]
    return f"line {line}, column {column}" + (f", at '{fragment}'" if fragment else ", at the end")


def _form(word: str, text: str, at: int) -> str:
    if word in _UPDATES:
        return Form.UPDATE.value
    if word not in Form.__members__ or word == Form.UPDATE.value:
        raise QueryError(
            "This is no SPARQL query",
            where=position(text, at),
            hint="start with SELECT, ASK, CONSTRUCT or DESCRIBE (behind PREFIX and BASE)",
        )
    return word


def _empty() -> QueryError:
    return QueryError("The query is empty", hint="start with SELECT, ASK, CONSTRUCT or DESCRIBE")
