"""The secret that buyers' pseudonyms are made with: kept beside the graph, never in it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path

VARIABLE = "KB_BUYER_SECRET"
_FILE = "buyer.secret"
_MAX_BYTES = 64


def secret_of(folder: Path) -> bytes:
    """The secret of a store: KB_BUYER_SECRET of the environment, else a file in its folder, made when missing."""
    stated = os.environ.get(VARIABLE)
    if stated:
        return _shortened(stated.encode())
    file = folder / _FILE
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _shortened(file.read_bytes().strip())
    with os.fdopen(descriptor, "wb") as written:
        secret = secrets.token_hex(32).encode()
        written.write(secret)
    return secret


def pseudonym(identifier: str, secret: bytes) -> str:
    """The pseudonym of one buyer, as the mapping function `ckb:pseudonym` makes it for whole columns.

    >>> pseudonym("17850.0", b"secret")
    '34frtvrc3jmwvynceafh2sg7rd'
    """
    digest = hmac.digest(_shortened(secret), identifier.encode(), "sha256")
    return base64.b32encode(digest).decode().lower()[:26]


def _shortened(secret: bytes) -> bytes:
    """RFC 2104 hashes a key that is longer than the block."""
    return hashlib.sha256(secret).digest() if len(secret) > _MAX_BYTES else secret
