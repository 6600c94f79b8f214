"""Picks a text in the reader's language from those at hand; it translates nothing."""

from __future__ import annotations

from collections.abc import Mapping


def text_in(texts: Mapping[str, str], language: str) -> str:
    """The text in this language, else in its base language, in English, in any; "" where there is none.

    Tags are compared without regard to case, "_" is as good as "-": "zh_Hans" finds "zh-hans", "de-AT" finds
    "de".
    """
    by_tag = {tag.lower().replace("_", "-"): text for tag, text in texts.items()}
    wanted = language.lower().replace("_", "-")
    while wanted:
        if wanted in by_tag:
            return by_tag[wanted]
        wanted = wanted.rpartition("-")[0]
    return by_tag.get("en") or next(iter(by_tag.values()), "")
