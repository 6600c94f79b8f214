"""Loads the GraphQL documents of this room by name, each with the fragments it spreads; sends nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

_SPREAD = re.compile(r"\.\.\.\s*(?!on\b)(\w+)")
_FOLDER = resources.files(__package__) / "operations"


@dataclass(frozen=True, slots=True)
class Document:
    """One operation: its name, its text, and whether it changes anything."""

    name: str
    text: str
    writes: bool


@cache
def document(name: str) -> Document:
    """The operation in `operations/<name>.graphql`. Raises FileNotFoundError for a name that is none."""
    text = (_FOLDER / f"{name}.graphql").read_text("utf-8")
    parts = [text]
    wanted = _SPREAD.findall(text)
    seen: set[str] = set()
    while wanted:
        fragment = wanted.pop()
        if fragment not in seen:
            seen.add(fragment)
            parts.append((_FOLDER / "fragments" / f"{fragment}.graphql").read_text("utf-8"))
            wanted += _SPREAD.findall(parts[-1])
    return Document(name, "\n".join(parts), writes=text.lstrip().startswith("mutation"))


def names() -> list[str]:
    """Every operation there is, sorted."""
    return sorted(f.name.removesuffix(".graphql") for f in _FOLDER.iterdir() if f.name.endswith(".graphql"))
