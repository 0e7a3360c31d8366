"""What Oxigraph stores in place of a literal.

Oxigraph keeps numbers, booleans, dates and times by value and lower-cases language tags; columns must
follow it. Forms that are surely kept as they are pass by a regular expression; the rest is asked of Oxigraph.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pyoxigraph as ox

_XSD = "^^<http://www.w3.org/2001/XMLSchema#"
_KEPT = (
    r'^"('
    r'0|-?[1-9][0-9]{0,17})"\^\^<http://www\.w3\.org/2001/XMLSchema#integer>$'
    r'|^"(0|-?[1-9][0-9]{0,12}|-?(0|[1-9][0-9]{0,12})\.[0-9]{0,4}[1-9])"'
    r"\^\^<http://www\.w3\.org/2001/XMLSchema#decimal>$"
    r'|^"(true|false)"\^\^<http://www\.w3\.org/2001/XMLSchema#boolean>$'
    r'|^"[12][0-9]{3}-[01][0-9]-[0-3][0-9]T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{0,5}[1-9])?Z"'
    r"\^\^<http://www\.w3\.org/2001/XMLSchema#dateTime>$"
)
_SUBJECT = "urn:n:"
_PREDICATE = ox.NamedNode("urn:p")


def stored_forms(values: pa.Array, suffix: pa.Array) -> dict[int, str]:
    """Position -> stored form (N-Triples syntax) of the terms that Oxigraph rewrites.

    `suffix` is what follows a literal's closing quote (``""``, ``@en``, ``^^<...>``), null for other terms.

    >>> stored_forms(pa.array(['"01"^^<http://www.w3.org/2001/XMLSchema#integer>', "<urn:a>"]),
    ...              pa.array(["^^<http://www.w3.org/2001/XMLSchema#integer>", None]))
    {0: '"1"^^<http://www.w3.org/2001/XMLSchema#integer>'}
    """
    typed = pc.fill_null(pc.starts_with(suffix, _XSD), False)
    shouted = pc.fill_null(pc.match_substring_regex(suffix, "^@.*[A-Z]"), False)
    if not pc.any(pc.or_(typed, shouted)).as_py():
        return {}
    kept = pc.match_substring_regex(pc.if_else(typed, values, None), _KEPT)
    doubtful = pc.or_(pc.and_(typed, pc.invert(pc.fill_null(kept, False))), shouted)
    places = pc.indices_nonzero(doubtful)
    texts = values.take(places).to_pylist()
    lines = "".join(f"<{_SUBJECT}{n}> <urn:p> {text} .\n" for n, text in enumerate(texts))
    store = ox.Store()
    store.load(lines.encode(), format=ox.RdfFormat.N_TRIPLES, lenient=True)
    forms = {}
    for quad in store.quads_for_pattern(None, _PREDICATE, None):
        place = int(str(quad.subject)[1:-1].removeprefix(_SUBJECT))
        form = str(quad.object)
        if form != texts[place]:
            forms[places[place].as_py()] = form
    return forms
