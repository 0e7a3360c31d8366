"""The verb that serves."""

from __future__ import annotations

import click

from .options import store_option


@click.command(
    epilog="""
\b
Examples:
  kb serve
  kb serve --port 8080 --store shop.kb
"""
)
@click.option("--port", default=7878, show_default=True, help="The port to listen on.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to bind to.")
@store_option
def serve(port: int, host: str, store: str) -> None:
    """Serve the SPARQL endpoint, the entity pages and the home page until Ctrl-C."""
    from pathlib import Path

    from server.run import serve as run_server

    run_server(Path(store), host=host, port=port)
