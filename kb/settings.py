"""A store's settings: ``kb.toml`` in its folder.

ontology = ["core", "catalog", ...]     # modules of the ontology folder to load
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from .errors import StoreDamaged

MODULES = (
    "commerce",
    "core",
    "catalog",
    "attributes",
    "taxonomy",
    "trade",
    "content",
    "audience",
    "market",
    "classes",
)


@dataclass(frozen=True)
class Settings:
    """What a store keeps about itself."""

    ontology: tuple[str, ...] = MODULES

    @classmethod
    def of(cls, folder: Path) -> Settings:
        """The settings of a store, written with defaults at the first call.

        Raises StoreDamaged when ``kb.toml`` does not parse or holds an unknown key.
        """
        path = folder / "kb.toml"
        if not path.exists():
            settings = cls()
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(settings.to_toml(), encoding="utf-8")
            return settings
        try:
            found = tomllib.loads(path.read_text(encoding="utf-8"))
            return cls(ontology=tuple(found.pop("ontology", MODULES)), **found)
        except (tomllib.TOMLDecodeError, TypeError) as fault:
            raise StoreDamaged(f"The settings don't parse: {fault}", where=str(path)) from None

    def to_toml(self) -> str:
        """The file's text.

        >>> Settings(ontology=("core",)).to_toml()
        'ontology = ["core"]\\n'
        """
        modules = ", ".join(f'"{name}"' for name in self.ontology)
        return f"ontology = [{modules}]\n"
