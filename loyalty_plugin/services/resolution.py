"""Joins versions with the installed extensions, once for each published version; keeps nothing else."""

from __future__ import annotations

from loyalty_plugin import registry
from loyalty_plugin.domain.earning.resolved import Resolved, resolve
from loyalty_plugin.domain.programmes.version import ProgrammeVersion

_known: dict[int, tuple[object, Resolved]] = {}


def resolved(version: ProgrammeVersion) -> Resolved:
    """The version's earning terms with their extensions looked up and their parameters parsed."""
    found = _known.get(version.id)
    if found is not None and found[0] is version.document:
        return found[1]
    answer = resolve(version.document.earning, registry.rules.get, registry.multipliers.get)
    _known[version.id] = (version.document, answer)
    return answer


def forget() -> None:
    """Look everything up again: after extensions came or went in a running process."""
    _known.clear()
