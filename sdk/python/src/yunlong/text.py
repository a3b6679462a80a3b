"""Text for people, in Chinese and in English."""

from dataclasses import dataclass
from enum import StrEnum


class Lang(StrEnum):
    """A language of the platform. Chinese is the default."""

    ZH = "zh"
    EN = "en"

    @property
    def tag(self) -> str:
        """The BCP 47 tag for ``lang=``."""
        return "zh-CN" if self is Lang.ZH else "en"

    def pick(self, zh: str, en: str) -> str:
        """One of two texts."""
        return zh if self is Lang.ZH else en


@dataclass(frozen=True)
class Text:
    """A text in both languages. Stored and sent as ``{"zh": …, "en": …}``."""

    zh: str
    en: str

    @classmethod
    def same(cls, text: str) -> "Text":
        """A text that reads the same in both languages, such as a name."""
        return cls(text, text)

    def get(self, lang: Lang) -> str:
        """The text in a language."""
        return lang.pick(self.zh, self.en)


def t(zh: str, en: str) -> Text:
    """A text in both languages: ``t("门票", "Tickets")``."""
    return Text(zh, en)
