"""A release of an ontology's folder: version IRIs, prior versions, the catalog, the list of changes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox

from ..errors import OntologyError, UsageError
from ..terms import OWL
from .difference import difference, ontology_files, read_ontology
from .turtle import formatted

CATALOG = "catalog-v001.xml"
CHANGES = "CHANGES.md"
_VERSION = re.compile(r"\d+\.\d+\.\d+")


@dataclass(frozen=True)
class Release:
    """What was released: the version, the one before, the files written anew."""

    version: str
    prior: str
    files: tuple[Path, ...]

    def __str__(self) -> str:
        return f"{self.version} (before: {self.prior}), {len(self.files)} files written"


def release(folder: str | Path, version: str, *, since: str | Path | None = None) -> Release:
    """Give all ontologies (``*.ttl``) right in a folder a new version.

    The version IRI is the ontology's with the version behind it, `owl:priorVersion` the last one; the catalog
    follows. With `since`, a folder of the last release, CHANGES.md there gets a section with what differs. Raises
    UsageError for what is no higher version, OntologyError where modules are not of one version.
    """
    place = Path(folder)
    if not _VERSION.fullmatch(version):
        raise UsageError(f"'{version}' is no version", hint="write it as 1.2.0")
    files = sorted(place.glob("*.ttl"))
    known = {file: _version_of(file) for file in files}
    priors = {one for _, one in known.values()}
    if len(priors) != 1:
        raise OntologyError(
            f"The modules are of {len(priors)} versions: {', '.join(sorted(priors)) or 'none'}",
            where=str(place),
            hint="give all of them one owl:versionIRI, ending in the version",
        )
    (prior,) = priors
    if _numbers(version) <= _numbers(prior):
        raise UsageError(f"{version} is not above {prior}", hint="a release goes up")
    for file, (iri, _) in known.items():
        file.write_text(formatted(file, replaced=_header(iri, prior, version)), "utf-8")
    written = list(files)
    catalog = place / CATALOG
    if catalog.exists():
        text = catalog.read_text("utf-8")
        for iri, _ in known.values():
            text = text.replace(f'"{iri}/{prior}"', f'"{iri}/{version}"')
        catalog.write_text(text, "utf-8")
        written.append(catalog)
    if since is not None:
        written.append(_told(place, version, Path(since)))
    return Release(version, prior, tuple(written))


def _version_of(file: Path) -> tuple[str, str]:
    for one in read_ontology([file]):
        if one.predicate == OWL.versionIRI and isinstance(one.object, ox.NamedNode):
            iri, _, version = one.object.value.rpartition("/")
            if _VERSION.fullmatch(version) and ox.NamedNode(iri) == one.subject:
                return iri, version
    raise OntologyError(
        "It has no version IRI that is its own IRI, '/' and a version",
        where=str(file),
        hint="in Protégé: Active ontology > Ontology Version IRI",
    )


def _header(
    iri: str, prior: str, version: str
) -> dict[tuple[ox.NamedNode, ox.NamedNode], ox.NamedNode | ox.Literal]:
    subject = ox.NamedNode(iri)
    return {
        (subject, OWL.versionIRI): ox.NamedNode(f"{iri}/{version}"),
        (subject, OWL.priorVersion): ox.NamedNode(f"{iri}/{prior}"),
        (subject, OWL.versionInfo): ox.Literal(version),
    }


def _numbers(version: str) -> list[int]:
    return [int(one) for one in version.split(".")]


def _told(place: Path, version: str, since: Path) -> Path:
    before, after = (
        [
            triple
            for triple in read_ontology(ontology_files([folder]))
            if triple.predicate not in (OWL.versionIRI, OWL.priorVersion, OWL.versionInfo)
        ]
        for folder in (since, place)
    )
    lines = [f"- {line}" for line in str(difference(before, after)).splitlines()]
    changes = place / CHANGES
    known = changes.read_text("utf-8") if changes.exists() else "# Changes of the ontology\n"
    title, _, rest = known.partition("\n")
    changes.write_text(
        "\n".join([title, "", f"## {version}", "", *lines, *([rest] if rest else [])]), "utf-8"
    )
    return changes
