"""What has changed since a commit, as RDF Patches of what the caller may see."""

from __future__ import annotations

from flask import Blueprint, Response, g, request

from kb.errors import UsageError
from kb.graphs import Private
from kb.store import Commit
from kb.versions import commit_of, visible

from .context import view
from .negotiation import Format
from .sparql import streamed

routes = Blueprint("changes", __name__)

PATCHES = Format("patch", "application/rdf-patch")


@routes.get("/changes")
def since() -> Response:
    """The commits behind ``?since=``, oldest first, a transaction each; without it all that the journal holds.

    Of a commit that touched graphs beyond the caller's sight, what is within it. A commit that shows the caller
    nothing is passed over.
    """
    seen, private = view(), g.caller.private
    journal = seen.knowledge.folder.journal
    last = int(seen.snapshot.name.partition("-")[0])
    begin = _begin(journal.commits(), request.args.get("since"), private)
    response = streamed(seen.patches(begin, last), PATCHES)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _begin(commits: list[Commit], reference: str | None, private: Private) -> int:
    """The number behind which changes are wanted. A snapshot's name counts by its number: a hidden commit may be meant.

    Raises NotFound, UsageError.
    """
    if reference is None:
        return 0
    name = next((one for one in commits if one.name == reference), None)
    if name is not None:
        return name.number
    if reference.isdecimal() and len(reference) < 8:
        number = int(reference)
        if number > len(commits):
            raise UsageError(f"There is no commit #{number} yet", hint="see /commits")
        return number
    return commit_of(visible(commits, private=private), reference).number
