"""The reference of the command line, written from the commands: ``python -m kb.cli.reference > docs/cli.md``."""

from __future__ import annotations

import click

from . import GROUPS, group

_HEAD = """# The command line

Written by `make docs` from the commands themselves; `kb VERB --help` says the same.

Results go to standard output, everything else to standard error. `--store PATH` stands before or behind the verb;
without it `KB_STORE` names the store, else it is `shop.kb`.

| exit code | meaning |
|---|---|
| 0 | good |
| 1 | the data is at fault: a violation, a contradiction, a file that does not parse, nothing found |
| 2 | the request is at fault: an unknown verb or option, a query that does not parse, an unknown name |
| 3 | the machine or the store is at fault: no store, a busy port, a full disk |
| 130 | interrupted by Ctrl-C; the store is as it was |
"""


def reference() -> str:
    """The reference in Markdown.

    >>> reference().splitlines()[0]
    '# The command line'
    """
    root = click.Context(group, info_name="kb", help_option_names=["-h", "--help"], terminal_width=100)
    parts = [_HEAD, _fenced(group.get_help(root))]
    for title, verbs in GROUPS.items():
        parts.append(f"## {title}\n")
        for name in verbs:
            command = group.get_command(root, name)
            assert command is not None
            context = click.Context(command, root, name)
            parts += [f"### kb {name}\n", _fenced(command.get_help(context))]
            if isinstance(command, click.Group):
                for inner, verb in sorted(command.commands.items()):
                    told = verb.get_help(click.Context(verb, context, inner))
                    parts += [f"#### kb {name} {inner}\n", _fenced(told)]
    return "\n".join(parts).rstrip() + "\n"


def _fenced(text: str) -> str:
    return f"```text\n{text.rstrip()}\n```\n"


if __name__ == "__main__":
    click.echo(reference(), nl=False)
