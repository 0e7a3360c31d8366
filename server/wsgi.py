"""The WSGI application for servers other than ours: ``KB_STORE=shop.kb gunicorn server.wsgi:app``.

Such a server must tell by ``KB_BOUND`` on which address it listens; without it everybody has to show a token.
"""

from __future__ import annotations

import os
from pathlib import Path

from flask import Flask

from .app import create_app


def application() -> Flask:
    """The application for the store that the environment names."""
    names = [name for name in os.environ.get("KB_HOST_NAMES", "").split(",") if name]
    return create_app(
        Path(os.environ.get("KB_STORE", "shop.kb")), bound=os.environ.get("KB_BOUND", ""), host_names=names
    )


def __getattr__(name: str) -> Flask:
    """Make ``app`` when it is first asked for, so that importing this module opens nothing."""
    if name == "app":
        return application()
    raise AttributeError(name)
