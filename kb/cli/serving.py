"""The verb that serves."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

import click

from ..errors import PortBusy, ToolMissing, UsageError
from .options import opened, say, store_option


@click.command(
    epilog="""
\b
Examples:
  kb serve
  kb serve --port 8080 --store shop.kb
"""
)
@click.option("--port", default=7878, show_default=True, help="The port to listen on; 0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to bind to.")
@click.option("--host-name", multiple=True, help="A name, beside localhost, for which to answer; repeatable.")
@click.option("--public", is_flag=True, help="Let everybody read public graphs, from other machines too.")
@click.option(
    "--local-token", is_flag=True, help="Print an analyst's token that lasts until the server ends."
)
@click.option(
    "--allow-origin",
    metavar="ORIGIN",
    multiple=True,
    help="Another site whose pages may ask (CORS), as https://shop.example.org; repeatable.",
)
@click.option("--read-only", is_flag=True, help="Take no changes, and start nothing that writes.")
@click.option(
    "--snapshot",
    metavar="FOLDER",
    help="Serve this copy of a folder below snapshots/, with --read-only; tokens and kb.toml are the store's.",
)
@click.option("--access-log", metavar="FILE", help="A line of JSON for each request; - is standard output.")
@click.option("--slow-log", metavar="FILE", help="A line with its text for each slow request; - as above.")
@click.option("--slow", default=1.0, show_default=True, help="Seconds that make a request slow.")
@store_option
def serve(
    port: int,
    host: str,
    host_name: tuple[str, ...],
    public: bool,
    local_token: bool,
    allow_origin: tuple[str, ...],
    read_only: bool,
    snapshot: str | None,
    access_log: str | None,
    slow_log: str | None,
    slow: float,
    store: str,
) -> None:
    """Serve the SPARQL endpoint, the entity pages and the home page until Ctrl-C.

    On this machine everybody reads public graphs; private ones, changes and other machines need a token.
    """
    if snapshot is not None and not read_only:
        raise UsageError("A snapshot can't be changed", hint="add --read-only")
    try:
        from server.monitoring import Logs
        from server.replicas import replica
        from server.run import serve as run
    except ImportError as error:
        raise ToolMissing(
            f"The module 'server' found first is not commerce-kb's: {error}",
            hint="start kb in a folder without a server.py of its own",
        ) from None
    place = Path(store)
    with replica(Path(snapshot), settings=place) if snapshot else contextlib.nullcontext(place) as served:
        run(
            served,
            host=host,
            port=port,
            host_names=host_name,
            origins=allow_origin,
            public=public,
            local_token=local_token,
            read_only=read_only,
            logs=Logs(access_log, slow_log, slow),
            announce=say,
        )


@click.command(hidden=True)
@store_option
def core(store: str) -> None:
    """Be the process that writes to the store for others, without a supervisor."""
    from ..core.process import serve as run

    with opened(store, read_only=False) as knowledge:
        run(knowledge, lambda: click.echo(f"The core of {store} listens"))


def free_port(port: int, host: str = "127.0.0.1") -> None:
    """See before long work that the port is free. Raises PortBusy."""
    with socket.socket() as probe:
        if probe.connect_ex((host, port)) == 0:
            raise PortBusy(
                f"Another program listens on port {port}", hint=f"choose another one: --port {port + 1}"
            )
