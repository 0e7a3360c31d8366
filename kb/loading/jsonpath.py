"""JSONPath (RFC 9535: names, indexes, wildcards, descendants) in the spelling of DuckDB."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import MappingError

_STEP = re.compile(
    r"\.\.(?P<below>[\w-]+)|\.(?P<name>[\w-]+)|(?P<all>\.\*|\[\*\])|\[(?P<index>-?\d+)\]"
    r"|\[(?P<quote>['\"])(?P<quoted>(?:\\.|(?!(?P=quote)).)*)(?P=quote)\]"
)


@dataclass(frozen=True)
class JsonPath:
    """A path that DuckDB's json_extract takes; `many` when it can give more than one value."""

    path: str
    many: bool


def json_path(text: str, where: str) -> JsonPath:
    """A JSONPath, checked and translated; the leading `$` may be missing.

    >>> json_path("$.a['b c'][*]", "here")
    JsonPath(path='$."a"."b c"[*]', many=True)
    """
    rest = text if text.startswith("$") else f"$.{text}"
    steps, position, many = ["$"], 1, False
    while position < len(rest):
        match = _STEP.match(rest, position)
        if match is None or '"' in (match["quoted"] or ""):
            raise MappingError(
                f"'{text}' is not a JSONPath that can be read, see character {position + 1}",
                where=where,
                hint="use steps such as $.name, ['a name'], [0], [*] and ..name",
            )
        position = match.end()
        if match["all"]:
            steps.append(".*" if match["all"] == ".*" else "[*]")
        elif match["index"]:
            number = int(match["index"])
            steps.append(f"[#{number}]" if number < 0 else f"[{number}]")
        elif match["below"]:
            steps.append(f'.."{match["below"]}"')
        else:
            name = match["name"] if match["quoted"] is None else re.sub(r"\\(.)", r"\1", match["quoted"])
            steps.append(f'."{name}"')
        many = many or bool(match["all"] or match["below"])
    return JsonPath("".join(steps), many)
