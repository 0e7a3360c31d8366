"""What buyers, and what they did, are called in exports: names that hold for exports of one name alone."""

from __future__ import annotations

import base64
import hmac


def export_key(secret: bytes, name: str) -> bytes:
    """The key of the pseudonyms in exports of a name; `secret` is the store's."""
    return hmac.digest(secret, f"export/{name}".encode(), "sha256")


def export_pseudonym(iri: str, key: bytes) -> str:
    """The pseudonym of what an IRI names: HMAC-SHA-256, 26 characters of base 32.

    >>> export_pseudonym("urn:ann", export_key(b"secret", "recbole"))
    'pxir3mex7i3jioxf4iztqunbc7'
    """
    return base64.b32encode(hmac.digest(key, iri.encode(), "sha256")).decode().lower()[:26]
