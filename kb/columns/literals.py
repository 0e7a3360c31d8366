"""What Oxigraph stores in place of a literal.

Oxigraph keeps numbers, booleans, dates and times by value and lower-cases language tags; columns must
follow it. Forms that are surely kept as they are pass by a regular expression; the rest is asked of Oxigraph.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyoxigraph as ox

from .term_syntax import Suffixes

_XSD = "^^<http://www.w3.org/2001/XMLSchema#"
_KEPT = (
    r'^"('
    r'0|-?[1-9][0-9]{0,17})"\^\^<http://www\.w3\.org/2001/XMLSchema#integer>$'
    r'|^"(0|-?[1-9][0-9]{0,12}|-?(0|[1-9][0-9]{0,12})\.[0-9]{0,4}[1-9])"'
    r"\^\^<http://www\.w3\.org/2001/XMLSchema#decimal>$"
    r'|^"(0|-?[1-9][0-9]{0,8}|-?(0|[1-9][0-9]{0,8})\.[0-9]{0,4}[1-9])"'
    r"\^\^<http://www\.w3\.org/2001/XMLSchema#double>$"
    r'|^"(true|false)"\^\^<http://www\.w3\.org/2001/XMLSchema#boolean>$'
    r'|^"[12][0-9]{3}-[01][0-9]-[0-3][0-9]T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{0,5}[1-9])?Z"'
    r"\^\^<http://www\.w3\.org/2001/XMLSchema#dateTime>$"
)
_SUBJECT = "urn:n:"
_PREDICATE = ox.NamedNode("urn:p")


def stored_forms(values: pa.Array, suffixes: Suffixes) -> dict[int, str]:
    """Position -> stored form (N-Triples syntax) of the terms that Oxigraph rewrites.

    >>> from kb.columns.term_syntax import kinds_of
    >>> values = pa.array(['"01"^^<http://www.w3.org/2001/XMLSchema#integer>', "<urn:a>"], pa.large_string())
    >>> stored_forms(values, kinds_of(values)[1])
    {0: '"1"^^<http://www.w3.org/2001/XMLSchema#integer>'}
    """
    shouted = [one is not None and one.startswith("@") and one != one.lower() for one in suffixes.values]
    typed = [one is not None and one.startswith(_XSD) for one in suffixes.values]
    places = np.flatnonzero(np.array(typed)[suffixes.codes])
    if len(places):
        kept = pc.match_substring_regex(values.take(pa.array(places)), _KEPT)
        places = places[~kept.to_numpy(False)]
    places = np.concatenate([places, np.flatnonzero(np.array(shouted)[suffixes.codes])])
    if not len(places):
        return {}
    texts = values.take(pa.array(places)).to_pylist()
    lines = "".join(f"<{_SUBJECT}{n}> <urn:p> {text} .\n" for n, text in enumerate(texts))
    store = ox.Store()
    store.load(lines.encode(), format=ox.RdfFormat.N_TRIPLES, lenient=True)
    forms = {}
    for quad in store.quads_for_pattern(None, _PREDICATE, None):
        number = int(str(quad.subject)[1:-1].removeprefix(_SUBJECT))
        form = str(quad.object)
        if form != texts[number]:
            forms[int(places[number])] = form
    return forms
