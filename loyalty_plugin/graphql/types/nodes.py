"""Ids that stand for one thing of ours for ever, as Relay has them: opaque, and they open nothing by themselves."""

from __future__ import annotations

import base64
import binascii

import strawberry


@strawberry.interface(description="What can be read again by its id alone.")
class Node:
    id: strawberry.ID = strawberry.field(description="Its id, unique among all types and stable.")


def global_id(kind: str, key: object) -> strawberry.ID:
    """The id of one thing of a type."""
    return strawberry.ID(base64.b64encode(f"{kind}:{key}".encode()).decode())


def read_id(id: str) -> tuple[str, str]:
    """Kind and key of an id; empty ones for a text that is none of ours."""
    try:
        kind, _, key = base64.b64decode(id.encode(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return kind, key
