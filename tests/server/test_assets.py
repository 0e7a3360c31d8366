"""Putting the rich editor in its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.errors import ToolMissing
from server.assets import install


def test_the_editor_is_copied_from_where_npm_puts_it(tmp_path: Path) -> None:
    build = tmp_path / "node_modules" / "@zazuko" / "yasgui" / "build"
    build.mkdir(parents=True)
    for name in ("yasgui.min.js", "yasgui.min.css"):
        (build / name).write_text(name)
    written = install(modules=tmp_path / "node_modules", target=tmp_path / "vendor")
    assert [path.read_text() for path in written] == ["yasgui.min.js", "yasgui.min.css"]


def test_without_npm_the_remedy_is_named(tmp_path: Path) -> None:
    with pytest.raises(ToolMissing, match="npm ci"):
        install(modules=tmp_path, target=tmp_path / "vendor")
