"""Apache Jena as Debian packages it."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

from tests.conftest import lacking

JARS = Path("/usr/share/java")
_MESSAGES = "org/apache/jena/ext/xerces/"
# All jars of a machine together hold two loggers that shut each other out.
_NEEDED = """
jena-arq jena-base jena-cmds jena-core jena-iri jena-rdfconnection jena-shacl jena-shex jena-tdb jena-tdb2
jena-dboe-base jena-dboe-index jena-dboe-storage jena-dboe-trans-data jena-dboe-transaction caffeine commons-cli
commons-codec commons-compress commons-csv commons-io commons-lang3 dexx.collection httpclient httpcore
httpclient-cache javax.json javax.json-api jsonld-java protobuf slf4j-api slf4j-nop thrift libthrift
titanium-json-ld xercesImpl xml-apis jackson-core jackson-databind jackson-annotations jcl-over-slf4j guava
failureaccess gson
"""


def class_path(scratch: Path) -> str:
    """Where Java finds Jena; skips without it."""
    if not (JARS / "jena-arq.jar").exists():
        lacking("the Debian package libapache-jena-java")
    with ZipFile(JARS / "jena-core.jar") as core:
        # Debian's jar has the messages of Xerces in another package than its classes, which fail without them.
        for name in core.namelist():
            if name.startswith(_MESSAGES) and name.endswith(".properties"):
                place = scratch / "xerces" / name.removeprefix(_MESSAGES)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(core.read(name))
    jars = [JARS / f"{name}.jar" for name in _NEEDED.split()]
    return ":".join(str(one) for one in [*jars, scratch] if one.exists())
