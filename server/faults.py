"""The errors that only HTTP knows, in the tree of ``kb.errors``."""

from __future__ import annotations

from kb.errors import UsageError


class MethodNotAllowed(UsageError):
    """This resource does not take that method; ``allowed`` names those that it takes."""

    status = 405

    def __init__(self, method: str, allowed: tuple[str, ...]) -> None:
        self.allowed = allowed
        super().__init__(f"{method} is not possible here", hint=f"use {' or '.join(allowed)}")


class NotAcceptable(UsageError):
    """None of the media types that the client takes can be written."""

    status = 406


class UnsupportedMediaType(UsageError):
    """The body is of a media type that is not read here."""

    status = 415


class BodyTooLarge(UsageError):
    """The body is longer than the server takes."""

    status = 413


class BrokenBody(UsageError):
    """The body broke off, is cut into chunks wrongly, or came too slowly."""

    status = 400


class Unauthorised(UsageError):
    """No token was shown, or a wrong one; `browser` says that a browser should ask its user for one."""

    status = 401

    def __init__(self, what: str, *, hint: str | None = None, browser: bool = False) -> None:
        self.browser = browser
        super().__init__(what, hint=hint)


class TooManyGuesses(UsageError):
    """Too many wrong tokens came from one address."""

    status = 429


class Misdirected(UsageError):
    """The Host header names a machine that this server is not."""

    status = 421
