"""The verbs about the ontology over HTTP: the files are here, the store and what follows from it there."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import pyoxigraph as ox

from .. import graphs
from ..errors import SourceError, UsageError
from ..formats import stem_of, suffix_of
from ..loading.rdf import open_source
from ..ontology.difference import Difference, difference, ontology_files, read_ontology
from ..ontology.impact import Impact
from ..reasoning import OntologyCheck, check_ontology
from ..reports import LoadReport
from ..skolem import unskolemised_triple
from ..statistics import Profile
from .http import Http
from .plain import from_plain


class RemoteModelling(ABC):
    """What can be done with the ontology of a server's store; `RemoteKnowledgeBase` has it all."""

    _http: Http

    @abstractmethod
    def profile(self) -> Profile:
        """What queries see, in numbers."""

    def check_ontology(self) -> OntologyCheck:
        """Check the server's ontology with the HermiT that is installed here. Raises ToolMissing without Java."""
        names = [one.name for one in self.profile().graphs]
        axioms: list[ox.Triple] = []
        for name in names:
            if name.startswith(graphs.ONTOLOGY) and name != graphs.CLASSIFIED:
                path = f"/store?graph={quote(name, safe='')}"
                text = self._http.ask("GET", path, headers={"Accept": "application/n-quads"}).body
                text.seek(0)
                axioms += [
                    unskolemised_triple(one.triple) for one in ox.parse(text, format=ox.RdfFormat.N_QUADS)
                ]
        return check_ontology(axioms)

    def weigh_ontology(self, paths: Sequence[str | Path]) -> Impact:
        """What these files would change, as `KnowledgeBase.weigh_ontology` without HermiT.

        Needs the role analyst and a token for all graphs: the examples may be private.
        """
        return cast(Impact, self._edit("check", paths, Impact))

    def diff_ontology(
        self, before: Sequence[str | Path], after: Sequence[str | Path] | None = None
    ) -> Difference:
        """What differs between two versions in files; without `after`, from the server's, as `KnowledgeBase`."""
        if after is not None:
            return difference(read_ontology(before), read_ontology(after))
        return cast(Difference, self._edit("diff", before, Difference))

    def load_ontology(
        self, paths: Sequence[str | Path], *, message: str | None = None, snapshot: str | None = None
    ) -> LoadReport:
        """Make files the text of the ontologies that they name, as `KnowledgeBase.load_ontology`; for an admin.

        With `snapshot` only if the server is still at it.
        """
        said = {"Commit-Message": quote(message)} if message else {}
        if snapshot is not None:
            said["If-Match"] = f'"{snapshot}"'
        return cast(LoadReport, self._edit("load", paths, LoadReport, said))

    def _edit(
        self, verb: str, paths: Sequence[str | Path], kind: Any, said: dict[str, str] | None = None
    ) -> Any:
        headers = {"Content-Type": "application/json", "Accept": "application/json", **(said or {})}
        body = json.dumps(_sent(paths)).encode()
        plain = self._http.ask("POST", f"/ontology/{verb}", body=body, headers=headers).json()
        return from_plain(kind, {**plain, "validation": None} if kind is LoadReport else plain)


def _sent(paths: Sequence[str | Path]) -> dict[str, dict[str, str]]:
    """The texts of files: of those that are named, and of those that only lie in a folder that is."""
    found: dict[str, dict[str, str]] = {"files": {}, "folder": {}}
    for path in map(Path, paths):
        place = found["folder" if path.is_dir() else "files"]
        for file in ontology_files([path]):
            name = stem_of(file) + suffix_of(file)
            if name in place:
                raise UsageError(f"Two of the files are called {name}", hint="send them one after the other")
            with open_source(file) as stream:
                try:
                    place[name] = stream.read().decode()
                except UnicodeDecodeError:
                    raise SourceError("It is not UTF-8", where=str(file), hint="save it as UTF-8") from None
    return found
