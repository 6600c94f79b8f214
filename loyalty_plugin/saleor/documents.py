"""Loads the GraphQL documents of this room by name, each with the fragments it spreads; sends nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

_SPREAD = re.compile(r"\.\.\.\s*(?!on\b)(\w+)")
_MUTATION = re.compile(r"^mutation\b", re.MULTILINE)
_FOLDER = resources.files(__package__) / "operations"


@dataclass(frozen=True, slots=True)
class Document:
    """One operation: its name, its text, whether it changes anything, and whether it may be sent again.

    A read always may. A write may where its file begins with `# Safe to repeat: …`, which says why: it has a business
    key, or it states what is to be.
    """

    name: str
    text: str
    writes: bool
    repeatable: bool


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
    writes = _MUTATION.search(text) is not None
    return Document(
        name, "\n".join(parts), writes=writes, repeatable=not writes or text.startswith("# Safe to repeat: ")
    )


def names() -> list[str]:
    """Every operation there is, sorted."""
    return sorted(f.name.removesuffix(".graphql") for f in _FOLDER.iterdir() if f.name.endswith(".graphql"))
