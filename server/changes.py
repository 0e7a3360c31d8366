"""What has changed since a commit, as RDF Patches of what the caller may see."""

from __future__ import annotations

import tempfile
from typing import IO, Any, cast

import pyarrow as pa
from flask import Blueprint, Response, g, request
from werkzeug.wsgi import wrap_file

from kb.columns.batches import lines
from kb.errors import UsageError
from kb.graphs import Private, is_visible
from kb.store import Commit, Journal
from kb.versions import commit_of, visible

from .context import view

routes = Blueprint("changes", __name__)

TYPE = "application/rdf-patch"
_IN_MEMORY = 8_000_000


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
    spool: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the response closes it
    try:
        for commit in journal.commits()[begin:last]:
            _write(journal, commit, private, spool)
    except BaseException:
        spool.close()
        raise
    length = spool.tell()
    spool.seek(0)
    response = Response(wrap_file(request.environ, cast(Any, spool), 65_536), direct_passthrough=True)
    response.headers["Content-Type"] = TYPE
    response.content_length = length
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


def _write(journal: Journal, commit: Commit, private: Private, sink: IO[bytes]) -> None:
    begun = False
    for adds, prefix in ((False, "D "), (True, "A ")):
        for batch in journal.read(commit.number, adds=adds):
            shown = _shown(batch, private)
            if not len(shown):
                continue
            if not begun:
                sink.write(f"H id <{commit.iri}> .\nH commit {commit.number} .\nTX .\n".encode())
                begun = True
            sink.write(lines(shown, prefix))
    if begun:
        sink.write(b"TC .\n")


def _shown(batch: pa.RecordBatch, private: Private) -> pa.RecordBatch:
    """The rows of a batch that lie in graphs that may be seen."""
    graph = batch.column("g")
    coded = graph if isinstance(graph, pa.DictionaryArray) else graph.dictionary_encode()
    seen = [is_visible(name[1:-1], private) for name in coded.dictionary.to_pylist()]
    return batch if all(seen) else batch.filter(pa.array(seen, pa.bool_()).take(coded.indices))
