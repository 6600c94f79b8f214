"""Documents the shop knows by an id (trusted, or persisted, documents): reads them from a file, changes none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from loyalty_plugin.conf import settings
from loyalty_plugin.graphql.refusals import Refused


def chosen(asked: dict[str, Any]) -> dict[str, Any]:
    """What is asked, with the text of the document that its id names.

    The id is `documentId` ("sha256:…" or as in the file) or `extensions.persistedQuery.sha256Hash`, as Apollo's and
    Relay's clients send it. Raises Refused: unknown_document, and documents_only for a text where the setting
    GRAPHQL_DOCUMENTS_ONLY forbids texts.
    """
    name = _name(asked)
    if name is None:
        if settings.GRAPHQL_DOCUMENTS_ONLY:
            raise Refused("documents_only")
        return asked
    text = _documents().get(name.removeprefix("sha256:"))
    if text is None:
        raise Refused("unknown_document")
    return {**asked, "query": text}


def _name(asked: Mapping[str, Any]) -> str | None:
    extensions = asked.get("extensions")
    persisted = extensions.get("persistedQuery") if isinstance(extensions, dict) else None
    name = asked.get("documentId") or (persisted.get("sha256Hash") if isinstance(persisted, dict) else None)
    if name is not None and not isinstance(name, str):
        raise Refused("unknown_document")
    return name


def _documents() -> Mapping[str, str]:
    file = settings.GRAPHQL_DOCUMENTS
    return _read(Path(file), Path(file).stat().st_mtime_ns) if file else {}


@lru_cache(maxsize=2)
def _read(file: Path, changed: int) -> Mapping[str, str]:
    """The texts by id: `{id: text}`, as GraphQL Code Generator and Relay write it, or Apollo's manifest."""
    try:
        found = json.loads(file.read_text())
        if "operations" in found:
            found = {one["id"]: one["body"] for one in found["operations"]}
        return {str(name).removeprefix("sha256:"): str(text) for name, text in found.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ImproperlyConfigured(f"{file} is no list of GraphQL documents by their ids.") from error
