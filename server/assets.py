"""Puts the rich query editor in its place: ``python -m server.assets`` behind ``npm ci``."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from kb.errors import KbError, ToolMissing

_ROOT = Path(__file__).parent.parent
_VENDOR = Path(__file__).parent / "static" / "vendor"
_FILES = ("yasgui.min.js", "yasgui.min.css")


def install(*, modules: Path = _ROOT / "node_modules", target: Path = _VENDOR) -> list[Path]:
    """Copy the editor out of ``node_modules``; returns the files written.

    Raises ToolMissing when npm has not brought it.
    """
    build = modules / "@zazuko" / "yasgui" / "build"
    missing = [name for name in _FILES if not (build / name).is_file()]
    if missing:
        raise ToolMissing(
            "The rich query editor has not been downloaded",
            where=str(build),
            hint="run `npm ci` first (it needs Node)",
        )
    target.mkdir(parents=True, exist_ok=True)
    return [Path(shutil.copyfile(build / name, target / name)) for name in _FILES]


def main() -> int:
    """Install and say so; 0 on success."""
    try:
        written = install()
    except KbError as fault:
        print(fault, file=sys.stderr)
        return fault.exit_code
    print(f"The query editor is installed: {', '.join(path.name for path in written)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
