"""Which format and which language an answer has (RFC 9110, section 12). No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from .faults import NotAcceptable

LANGUAGES = ("en", "zh")
_REMEMBERED = 64


@dataclass(frozen=True)
class Format:
    """A way to write an answer: its name for ``?format=``, its media type, other types that ask for it."""

    name: str
    media_type: str
    aliases: tuple[str, ...] = ()

    @property
    def content_type(self) -> str:
        """The header's value; everything here is UTF-8.

        >>> CSV.content_type
        'text/csv; charset=utf-8'
        """
        textual = self.media_type.startswith("text/") or self.media_type.endswith(("n-triples", "n-quads"))
        return f"{self.media_type}; charset=utf-8" if textual else self.media_type


HTML = Format("html", "text/html", ("application/xhtml+xml",))
JSON_DOCUMENT = Format("json", "application/json")
JSON = Format("json", "application/sparql-results+json", ("application/json", "text/json"))
XML = Format("xml", "application/sparql-results+xml", ("application/xml", "text/xml"))
CSV = Format("csv", "text/csv")
TSV = Format("tsv", "text/tab-separated-values")
TURTLE = Format("ttl", "text/turtle", ("turtle", "application/x-turtle"))
N_TRIPLES = Format("nt", "application/n-triples", ("ntriples", "text/plain"))
JSON_LD = Format("jsonld", "application/ld+json", ("json", "application/json"))
RDF_XML = Format("rdf", "application/rdf+xml", ("xml", "application/xml", "text/xml"))

N_QUADS = Format("nq", "application/n-quads", ("nquads", "text/x-nquads"))
TRIG = Format("trig", "application/trig", ("application/x-trig",))

ARROW = Format("arrow", "application/vnd.apache.arrow.stream")
PARQUET = Format("parquet", "application/vnd.apache.parquet")

SOLUTIONS = (JSON, XML, CSV, TSV, ARROW, PARQUET)
GRAPHS = (TURTLE, N_TRIPLES, JSON_LD, RDF_XML)
DATASETS = (N_QUADS, TRIG, JSON_LD)


# Most clients send the same few headers again and again.
@lru_cache(_REMEMBERED)
def choose(accept: str | None, offered: tuple[Format, ...], *, name: str | None = None) -> Format:
    """The offered format that the client likes best; between equals, the one offered first.

    ``name`` (from ``?format=``) is a format's name or media type and wins over ``accept``.

    Raises NotAcceptable, naming what is offered, where nothing fits.

    >>> choose("text/csv;q=0.5, application/sparql-results+xml", SOLUTIONS).name
    'xml'
    >>> choose("text/html", GRAPHS, name="ttl").name
    'ttl'
    """
    choices = ", ".join(f"{format.name} ({format.media_type})" for format in offered)
    if name:
        for format in offered:
            if name.strip().lower() in (format.name, format.media_type):
                return format
        for format in offered:
            if name.strip().lower() in format.aliases:
                return format
        raise NotAcceptable(f"There is no format '{name}' for this answer", hint=f"choose one of: {choices}")
    ranges = weighted(accept) or [("*/*", 1.0)]
    best, best_quality = None, 0.0
    for format in offered:
        # An alias is asked for by its whole name only, so that text/* is not answered with JSON.
        named = [quality for value, quality in ranges if value in format.aliases]
        quality = max([_quality(format.media_type, ranges), *named])
        if quality > best_quality:
            best, best_quality = format, quality
    if best is None:
        raise NotAcceptable(f"Nothing here fits 'Accept: {accept}'", hint=f"accept one of: {choices}")
    return best


def choose_language(accept_language: str | None, *, name: str | None = None) -> str:
    """``en`` or ``zh``: what ``?lang=`` names, else what the browser prefers, else English.

    >>> choose_language("fr, zh-CN;q=0.8, en;q=0.5"), choose_language("zh", name="en"), choose_language(None)
    ('zh', 'en', 'en')
    """
    if name in LANGUAGES:
        return name
    wanted = [(tag.split("-")[0], quality) for tag, quality in weighted(accept_language)]
    known = [(tag, quality) for tag, quality in wanted if tag in LANGUAGES and quality > 0]
    return max(known, key=lambda choice: choice[1])[0] if known else "en"


def weighted(header: str | None) -> list[tuple[str, float]]:
    """The elements of an Accept-like header with their q-values; what is malformed counts as absent."""
    weighted = []
    for element in (header or "").split(","):
        value, *parameters = (part.strip().lower() for part in element.split(";"))
        quality = 1.0
        for parameter in parameters:
            key, _, text = parameter.partition("=")
            if key.strip() == "q":
                try:
                    quality = min(1.0, max(0.0, float(text)))
                except ValueError:
                    quality = 0.0
        if value:
            weighted.append((value, quality))
    return weighted


def _quality(media_type: str, ranges: list[tuple[str, float]]) -> float:
    """The q-value of the most specific range that covers a media type; 0 where none does."""
    for pattern in (media_type, f"{media_type.split('/')[0]}/*", "*/*"):
        found = [quality for value, quality in ranges if value == pattern]
        if found:
            return max(found)
    return 0.0
