"""The shape in which queries tell that something is wrong; says nothing in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

#: Information is nothing to mend: something to know, with what to do if it is not as wished.
Level = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong. `code` is stable; `facts` are plain values a door may put in words."""

    code: str
    level: Level
    facts: Mapping[str, Any]
