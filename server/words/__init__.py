"""The words of the pages in the languages that they speak: English in the templates, others in ``<language>.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True)
class Words:
    """Translations by language, then by English text."""

    translations: Mapping[str, Mapping[str, str]]

    @classmethod
    def load(cls) -> Words:
        """Read the translations that ship with the package."""
        text = resources.files(__package__).joinpath("zh.json").read_text("utf-8")
        return cls({"en": {}, "zh": json.loads(text)})

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that the pages speak."""
        return tuple(self.translations)

    def say(self, text: str, language: str) -> str:
        """The text in a language; in English where there is no translation.

        >>> Words({"zh": {"Search": "搜索"}}).say("Search", "zh")
        '搜索'
        """
        return self.translations.get(language, {}).get(text, text)
