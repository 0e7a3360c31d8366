"""Templates of RML (`{name}`) and YARRRML (`$(name)`) as parts."""

from __future__ import annotations

import re

from ..errors import MappingError
from .mapping import Reference, Template

_RML = re.compile(r"\\(?P<escaped>[{}\\])|\{(?P<name>(?:\\[{}\\]|[^{}\\])+)\}|(?P<text>[^{}\\]+)")
_YARRRML = re.compile(r"\\(?P<escaped>[$()\\])|\$\((?P<name>(?:\\[()\\]|[^()\\])+)\)|(?P<text>[^$\\]+|[$\\])")
_ESCAPE = re.compile(r"\\(.)")


def rml_template(text: str, where: str) -> Template:
    r"""A template of RML-Core; a backslash escapes braces and itself.

    >>> rml_template(r"a/{ID}\{{N\{x}", "here").parts
    ('a/', Reference(name='ID'), '{', Reference(name='N{x'))
    """
    return _parsed(text, _RML, where, "write {name}, and \\{ or \\} for braces that are text")


def yarrrml_template(text: str, where: str) -> Template:
    """A template of YARRRML.

    >>> yarrrml_template("a/$(ID)/$5", "here").parts
    ('a/', Reference(name='ID'), '/$5')
    """
    return _parsed(text, _YARRRML, where, "write $(name)")


def _parsed(text: str, grammar: re.Pattern[str], where: str, hint: str) -> Template:
    parts: list[str | Reference] = []
    position = 0
    while position < len(text):
        match = grammar.match(text, position)
        if match is None:
            raise MappingError(
                f"The template '{text}' is broken at character {position + 1}", where=where, hint=hint
            )
        position = match.end()
        if match["name"]:
            parts.append(Reference(_ESCAPE.sub(r"\1", match["name"])))
            continue
        piece = match["escaped"] or match["text"]
        if parts and isinstance(parts[-1], str):
            parts[-1] += piece
        else:
            parts.append(piece)
    return Template(tuple(parts))
