"""IRIs to local paths and back. No I/O.

The last part of a data IRI may hold any character; in a path it is percent-encoded once, so that decoding the
path gives the IRI exactly.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlencode

from kb.errors import UsageError
from kb.graphs import BASE

_SERVED = ("id/", "vocab/", "onto", "shapes")
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^<>\"{}|^`\\\x00-\x20]*")
_KEPT = "/:@!$'()*,;=~"


def path_of(iri: str) -> str | None:
    """The local path of an IRI that this server answers for, else None.

    >>> path_of("https://w3id.org/commerce-kb/id/spu/lip stick"), path_of("https://w3id.org/commerce-kb/onto#SPU")
    ('/id/spu/lip%20stick', '/onto#SPU')
    >>> path_of("https://example.org/id/spu/1") is None
    True
    """
    local = iri.removeprefix(BASE)
    if local == iri or not local.startswith(_SERVED):
        return None
    resource, hash_mark, anchor = local.partition("#")
    return f"/{quote(resource, safe=_KEPT)}{hash_mark}{quote(anchor, safe=_KEPT)}"


def candidates(path: str) -> tuple[str, ...]:
    """The IRIs that a decoded path may mean: as it is, and with its non-ASCII letters percent-encoded.

    >>> candidates("id/spu/1"), candidates("id/brand/花")
    (('https://w3id.org/commerce-kb/id/spu/1',),
     ('https://w3id.org/commerce-kb/id/brand/花', 'https://w3id.org/commerce-kb/id/brand/%E8%8A%B1'))
    """
    plain = BASE + path
    return tuple(dict.fromkeys((plain, quote(plain, safe=_KEPT + "%#?&+[]"))))


def href(iri: str, *, language: str | None = None) -> str | None:
    """Where a link to an IRI leads: a local page, an http(s) address, or None for what must not be linked.

    >>> href("https://w3id.org/commerce-kb/onto#SPU", language="zh"), href("javascript:alert(1)")
    ('/onto?lang=zh#SPU', None)
    """
    local = path_of(iri)
    if local is not None:
        return with_parameters(local, lang=language)
    return iri if iri.lower().startswith(("http://", "https://")) and _IRI.fullmatch(iri) else None


def with_parameters(path: str, **parameters: str | None) -> str:
    """A path with query parameters put before its anchor; those that are None are left out.

    >>> with_parameters("/find", q="口红", lang=None)
    '/find?q=%E5%8F%A3%E7%BA%A2'
    """
    given = {key: value for key, value in parameters.items() if value is not None}
    if not given:
        return path
    resource, hash_mark, anchor = path.partition("#")
    return f"{resource}{'&' if '?' in resource else '?'}{urlencode(given)}{hash_mark}{anchor}"


def checked(iri: str) -> str:
    """The IRI itself, fit to be put between angle brackets.

    Raises UsageError for anything else.

    >>> checked("urn:x> } DROP ALL")
    Traceback (most recent call last):
    kb.errors.UsageError: 'urn:x> } DROP ALL' is no IRI. ...
    """
    if not _IRI.fullmatch(iri):
        raise UsageError(f"'{iri}' is no IRI", hint="give it absolute and without spaces, as in https://...")
    return iri


def short(iri: str) -> str:
    """The part of an IRI that people read: what is behind its last '#' or '/'.

    >>> short("https://w3id.org/commerce-kb/onto#SPU"), short("https://w3id.org/commerce-kb/vocab/tier/mega")
    ('SPU', 'mega')
    """
    return re.split(r"[#/]", iri.rstrip("#/"))[-1] or iri


def words(iri: str) -> str:
    """The same in words, for terms that nobody named.

    >>> words("http://www.w3.org/2004/02/skos/core#altLabel"), words("https://example.org/id/F00012-a")
    ('alt label', 'F00012-a')
    """
    name = short(iri)
    return re.sub(r"(?<=[a-z])([A-Z])", lambda found: f" {found[1].lower()}", name) if "#" in iri else name
