"""A store's settings: ``kb.toml`` in its folder, written with defaults when the store is made.

ontology = ["core", "catalog", ...]   # modules of this product's ontology, or files; [] for none
shapes = ["commerce-kb"]              # this product's shapes, or files; [] for none
reasoning = "full"                    # or a profile: "catalog", "content", "buyer", "none"
deferred = []                         # properties whose consequences are made ready when a query asks
durability = "disk"                   # or "os": acknowledge before the disk has it
keep_snapshots = 3                    # the newest ones, and ...
keep_seconds = 60                     # ... what is younger; pinned ones and ones being read stay too
load_folders = []                     # folders that SPARQL LOAD may read from, and ...
load_addresses = []                   # ... beginnings of http: and https: addresses
contradictions = "warn"               # new ones: or "refuse" the commit, "quarantine" the nodes
gate = {}                             # by shape or severity: "refuse", "quarantine", "warn"
limits = {}                           # of a server's queries: seconds, memory, rows, bytes, ...
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, Self, get_args

from .errors import UsageError

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
OUR_SHAPES = "commerce-kb"
Reasoning = Literal["full", "catalog", "content", "buyer", "none"]
# The modules whose axioms a profile leaves out; a module that is not ours is in all but "none".
LEFT_OUT: dict[Reasoning, tuple[str, ...]] = {
    "full": (),
    "content": ("audience",),
    "buyer": ("content",),
    "catalog": ("audience", "content"),
}
Durability = Literal["disk", "os"]
Action = Literal["refuse", "quarantine", "warn"]


def is_file(name: str) -> bool:
    """Whether an entry of `ontology` or `shapes` is a file and not the name of one of ours.

    >>> is_file("core"), is_file("./core.ttl")
    (False, True)
    """
    return "/" in name or "." in name


@dataclass(frozen=True)
class Settings:
    """What a store keeps about itself.

    `keep_seconds` is an age in seconds; file names in `ontology`, `shapes` and `load_folders` are absolute, or
    relative to the store's folder. `gate` says what is done about results of a shape (identifier or IRI) or of a
    severity (local name or IRI). `limits` are those of `kb.workers.Limits`.
    """

    ontology: tuple[str, ...] = MODULES
    shapes: tuple[str, ...] = (OUR_SHAPES,)
    reasoning: Reasoning = "full"
    deferred: tuple[str, ...] = ()
    durability: Durability = "disk"
    keep_snapshots: int = 3
    keep_seconds: float = 60
    load_folders: tuple[str, ...] = ()
    load_addresses: tuple[str, ...] = ()
    contradictions: Action = "warn"
    gate: Mapping[str, Action] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path) -> Self:
        """The settings of a store; the defaults where it has no file.

        Raises UsageError when ``kb.toml`` does not parse, or holds an unknown key or a value that does not fit.
        """
        path = folder / "kb.toml"
        if not path.exists():
            return cls()
        try:
            found = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
            raise UsageError(f"The settings don't parse: {fault}", where=str(path)) from None
        known = {one.name for one in fields(cls)}
        for name, value in found.items():
            if name not in known or not _fits(name, value):
                raise UsageError(
                    f"Setting '{name}' = {value!r} is not one that is known",
                    where=str(path),
                    hint=f"the settings are {', '.join(sorted(known))}; see docs/settings.md",
                )
        values: dict[str, Any] = {
            name: tuple(one) if isinstance(one, list) else one for name, one in found.items()
        }
        return cls(**values)

    def write(self, folder: Path) -> None:
        """Write ``kb.toml``, unless the folder has one."""
        path = folder / "kb.toml"
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(self.to_toml(), encoding="utf-8")

    def to_toml(self) -> str:
        """The file's text.

        >>> print(Settings(ontology=("core",)).to_toml().splitlines()[0])
        ontology = ["core"]
        """
        return "".join(f"{name} = {_toml(value)}\n" for name, value in asdict(self).items())


_CHOICES = {
    "reasoning": get_args(Reasoning),
    "durability": get_args(Durability),
    "contradictions": get_args(Action),
}


def _fits(name: str, value: Any) -> bool:
    if name in _CHOICES:
        return value in _CHOICES[name]
    if name == "gate":
        return isinstance(value, dict) and all(one in get_args(Action) for one in value.values())
    if name == "limits":
        return isinstance(value, dict) and all(_is_number(one) for one in value.values())
    default = getattr(Settings, name)
    if isinstance(default, tuple):
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    return _is_number(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{_toml(name)} = {_toml(one)}' for name, one in value.items())} }}".replace(
            "{  }", "{}"
        )
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return str(value)
