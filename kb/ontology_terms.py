"""Write kb/terms.py from the ontology: ``python -m kb.ontology_terms``."""

from __future__ import annotations

import json
import keyword
from collections.abc import Iterable
from pathlib import Path

from pyoxigraph import NamedNode, RdfFormat, parse

from .resources import folder

ONTOLOGY = "https://w3id.org/commerce-kb/onto#"
HEAD = '''"""The terms of the ontology and of W3C vocabularies as constants, written by kb.ontology_terms.

A name that Python keeps for itself ends in ``_``: ``SH.in_``, ``SH.class_``.

>>> CKB.SPU
<NamedNode value=https://w3id.org/commerce-kb/onto#SPU>
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pyoxigraph import NamedNode

PREFIXES: Mapping[str, str] = MappingProxyType(
    {
'''


def ontology_names() -> list[str]:
    """The local names of all terms that the ontology's modules define, sorted."""
    defines = NamedNode("http://www.w3.org/2000/01/rdf-schema#isDefinedBy")
    return sorted(
        quad.subject.value.removeprefix(ONTOLOGY)
        for module in folder("ontology").glob("*.ttl")
        for quad in parse(path=str(module), format=RdfFormat.TURTLE)
        if quad.predicate == defines and quad.subject.value.startswith(ONTOLOGY)
    )


def module_text() -> str:
    """The source text of kb/terms.py: the ontology's names and those of w3c_terms.json."""
    w3c = json.loads(Path(__file__).with_name("w3c_terms.json").read_text("utf-8"))
    vocabularies = {"ckb": {"namespace": ONTOLOGY, "terms": ontology_names()}} | w3c
    prefixes = "".join(f'        "{prefix}": "{v["namespace"]}",\n' for prefix, v in vocabularies.items())
    classes = [_constants(prefix, v["namespace"], v["terms"]) for prefix, v in vocabularies.items()]
    return "\n\n".join([HEAD + prefixes + "    }\n)\n", *classes])


def _constants(prefix: str, namespace: str, terms: Iterable[str]) -> str:
    lines = [
        f'    {term}{"_" * keyword.iskeyword(term)} = NamedNode("{namespace}{term}")\n' for term in terms
    ]
    return f'class {prefix.upper()}:\n    """Terms of {namespace}"""\n\n' + "".join(lines)


if __name__ == "__main__":
    Path(__file__).with_name("terms.py").write_text(module_text(), "utf-8")
