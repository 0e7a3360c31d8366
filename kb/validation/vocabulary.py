"""The names of SHACL and of the few other vocabularies that its specification uses."""

from __future__ import annotations

import pyoxigraph as ox

SHACL = "http://www.w3.org/ns/shacl#"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_RDFS = "http://www.w3.org/2000/01/rdf-schema#"

RDF_TYPE = ox.NamedNode(_RDF + "type")
RDF_FIRST = ox.NamedNode(_RDF + "first")
RDF_REST = ox.NamedNode(_RDF + "rest")
RDF_NIL = ox.NamedNode(_RDF + "nil")
RDFS_CLASS = ox.NamedNode(_RDFS + "Class")
RDFS_SUBCLASS = ox.NamedNode(_RDFS + "subClassOf")
OWL_CLASS = ox.NamedNode("http://www.w3.org/2002/07/owl#Class")
OWL_IMPORTS = ox.NamedNode("http://www.w3.org/2002/07/owl#imports")
FIX = ox.NamedNode("https://w3id.org/commerce-kb/shapes#fix")
IDENTIFIER = ox.NamedNode("http://purl.org/dc/terms/identifier")


def sh(name: str) -> ox.NamedNode:
    """A term of the SHACL namespace.

    >>> sh("minCount").value
    'http://www.w3.org/ns/shacl#minCount'
    """
    return ox.NamedNode(SHACL + name)


def local_name(term: ox.NamedNode | ox.BlankNode | ox.Literal) -> str:
    """The last part of an IRI, for people; other terms as they are written.

    >>> local_name(sh("minCount"))
    'minCount'
    """
    if not isinstance(term, ox.NamedNode):
        return str(term)
    return term.value.rstrip("/#").replace("#", "/").rsplit("/", 1)[-1]
