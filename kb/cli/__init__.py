"""The command line: thin. Parse, call one method of the facade, print.

Each verb lives in the module of its group and is imported when it is called, so that ``kb --help`` is quick.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys

import click

from ..errors import KbError, UsageError

GROUPS: dict[str, dict[str, str]] = {
    "Everyday": {
        "demo": "tour:demo",
        "init": "writing:init",
        "generate": "tour:generate",
        "map": "mapping:map_",
        "load": "writing:load",
        "validate": "judging:validate",
        "reason": "reading:reason",
        "query": "asking:query",
        "update": "writing:update",
        "explain": "asking:explain",
        "find": "asking:find",
        "show": "asking:show",
        "stats": "reading:stats",
        "insight": "analysing:insight",
        "export": "exporting:export",
        "serve": "serving:serve",
        "token": "tokens:token",
    },
    "Mining": {
        "mine": "mining:mine",
        "review": "reviewing:review",
    },
    "Model": {
        "ontology": "ontology:ontology",
        "shapes": "judging:shapes",
    },
    "Versions": {
        "log": "versions:log",
        "diff": "versions:diff",
        "revert": "versions:revert",
        "snapshot": "versions:snapshot",
        "backup": "care:backup",
        "restore": "care:restore",
    },
    "Care": {
        "quarantine": "holding:quarantine",
        "doctor": "care:doctor",
        "rebuild": "care:rebuild",
        "forget": "care:forget",
        "dump": "reading:dump",
    },
}
_SUMMARIES = {
    "demo": "Build a demo shop, load it, walk through it, serve it.",
    "init": "Make a store with the ontology and the shapes in it.",
    "generate": "Write a fictional shop as RDF or as tables.",
    "map": "Draft a mapping for tables that nobody has mapped.",
    "load": "Load RDF files or tables as one commit.",
    "validate": "Judge the store, or files before loading, by the shapes.",
    "reason": "Work out all consequences and report on them.",
    "query": "Run a SPARQL query or a competency question.",
    "update": "Run a SPARQL update as one commit.",
    "explain": "Say why a triple holds.",
    "find": "Find entities by label, alias, GTIN or model number.",
    "show": "Show one entity, or one commit.",
    "stats": "Show the store in numbers.",
    "insight": "Look at the market: top items, movers, rivals, prices.",
    "export": "Write tables, graphs, triples for other teams.",
    "serve": "Serve the SPARQL endpoint and the pages.",
    "token": "Add, list and remove the tokens by which the server is used.",
    "mine": "Mine knowledge from the graph: products, buyers.",
    "review": "Decide about mined edges that are not sure.",
    "ontology": "Check, compare, load and release the ontology.",
    "shapes": "Lint shapes: misspelt, contradictory, judging nothing.",
    "log": "List the commits.",
    "diff": "Show what changed between two commits.",
    "revert": "Undo one commit by a new one.",
    "snapshot": "List the snapshots that are kept; pin and unpin them.",
    "backup": "Copy the whole store, verified, while writers work.",
    "restore": "Make a new store of a backup.",
    "quarantine": "See, mend, release or drop what the gate held back.",
    "doctor": "Prove that the store's parts say the same.",
    "rebuild": "Make the derived parts anew from the journal.",
    "forget": "Take a buyer out of the whole store, for ever.",
    "dump": "Write all asserted data, for kb load to read back.",
}
_LISTED = {name: place for verbs in GROUPS.values() for name, place in verbs.items()}
# `core` is for the supervisor of a store's core, not for people.
_VERBS = {**_LISTED, "core": "serving:core"}
_SYSTEM_ERRORS = {errno.ENOSPC: "The disk is full", errno.EDQUOT: "The disk quota is used up"}


class Verbs(click.Group):
    """A group that imports a verb's module when the verb is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_LISTED)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _VERBS:
            return None
        module, name = _VERBS[cmd_name].split(":")
        return getattr(importlib.import_module(f".{module}", __package__), name)

    def resolve_command(self, ctx: click.Context, args: list[str]):
        import difflib

        if args and args[0] not in _VERBS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], _VERBS, 1)
            hint = f"did you mean kb {near[0]}?" if near else "see kb --help"
            raise UsageError(f"There is no verb '{args[0]}'", hint=hint)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context):
        """Call the verb; who reads its output may go when they have had enough."""
        try:
            code = super().invoke(ctx)
            sys.stdout.flush()
            return code
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for group, verbs in GROUPS.items():
            with formatter.section(group):
                formatter.write_dl([(name, _SUMMARIES[name]) for name in verbs])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write("\nkb VERB --help shows options and examples.\n")


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option(
    "--store", "store", type=click.Path(), help="The store's folder [env KB_STORE; default shop.kb]."
)
@click.version_option(package_name="commerce-kb", prog_name="kb")
@click.pass_context
def group(ctx: click.Context, store: str | None) -> None:
    """One graph for e-commerce that can be trusted and asked."""
    ctx.obj = store


def main(arguments: list[str] | None = None) -> None:
    """Run a command line; errors end it with their own exit code."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run a command line and give its exit code: 0 good, 1 data at fault, 2 usage, 3 system."""
    try:
        return group.main(arguments, prog_name="kb", standalone_mode=False) or 0
    except KbError as error:
        click.echo(f"kb: {error}", err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except (KeyboardInterrupt, click.Abort) as error:
        told = str(error.__cause__ or error) or "the store is as it was"
        click.echo(f"kb: interrupted; {told}", err=True)
        return 130
    except OSError as error:
        what = _SYSTEM_ERRORS.get(error.errno or 0, str(error))
        click.echo(f"kb: {what}; the store is as it was", err=True)
        return 3
