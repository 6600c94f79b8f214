"""The shop's own Saleor client: runs a named operation from `operations/`, with the customer's token.

It is an App only where Saleor lets no storefront in: one that has no permission.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings
from graphql import (
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    Visitor,
    parse,
    print_ast,
    visit,
)

# Some of these modules are also used without a shop, in tests.
CHANNEL: str = getattr(settings, "SANDBOX_CHANNEL", "default-channel")
OPERATIONS = Path(__file__).parent / "operations"


class Unreachable(Exception):
    """Saleor gave no usable answer; the customer may try again."""


@dataclass(frozen=True)
class Problem:
    """One entry of a mutation's `errors`."""

    field: str
    code: str
    message: str


class Refused(Exception):
    """Saleor answered and said no; `problems` say why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(p.message for p in problems))
        self.problems = problems

    @property
    def codes(self) -> set[str]:
        return {p.code for p in self.problems}


@cache
def documents() -> dict[str, str]:
    """Every operation by name, each with just the fragments it uses."""
    fragments: dict[str, FragmentDefinitionNode] = {}
    operations: dict[str, OperationDefinitionNode] = {}
    for file in sorted(OPERATIONS.glob("*.graphql")):
        for node in parse(file.read_text()).definitions:
            if isinstance(node, FragmentDefinitionNode):
                fragments[node.name.value] = node
            elif isinstance(node, OperationDefinitionNode) and node.name:
                operations[node.name.value] = node
    return {name: _with_fragments(node, fragments) for name, node in operations.items()}


def _with_fragments(node: OperationDefinitionNode, fragments: dict[str, FragmentDefinitionNode]) -> str:
    used: dict[str, FragmentDefinitionNode] = {}

    class Spreads(Visitor):
        def enter_fragment_spread(self, spread: FragmentSpreadNode, *_: Any) -> None:
            name = spread.name.value
            if name not in used:
                used[name] = fragments[name]
                visit(fragments[name], self)

    visit(node, Spreads())
    return "\n".join(print_ast(part) for part in (node, *used.values()))


@cache
def _http() -> httpx.Client:
    return httpx.Client(base_url=settings.SANDBOX_SALEOR_URL, timeout=httpx.Timeout(20, connect=2))


def call(
    operation: str, variables: dict[str, Any] | None = None, *, token: str | None = None, visitor: str = ""
) -> dict[str, Any]:
    """The `data` of one operation, decimals exact. Raises Unreachable; Refused when Saleor denies the whole call.

    `visitor` is the customer's own address: Saleor slows sign-ins down by it, and ours would slow everybody's.
    """
    # Where Saleor lets no storefront in, what anybody may see is asked for by an App that has no permission.
    token = token or getattr(settings, "SANDBOX_STOREFRONT_TOKEN", "")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if visitor:
        headers["X-Forwarded-For"] = visitor
    try:
        answer = _http().post(
            "/graphql/",
            json={"query": documents()[operation], "operationName": operation, "variables": variables or {}},
            headers=headers,
        )
        body = json.loads(answer.content, parse_float=Decimal)
    except (httpx.HTTPError, ValueError) as error:
        raise Unreachable(str(error)) from error
    if body.get("errors"):
        raise Refused(
            [Problem("", e.get("extensions", {}).get("code", ""), e["message"]) for e in body["errors"]]
        )
    return body["data"]


def mutate(
    operation: str, variables: dict[str, Any], *, token: str | None = None, visitor: str = ""
) -> dict[str, Any]:
    """The payload of an operation's single mutation. Raises Refused with the payload's own errors."""
    (payload,) = call(operation, variables, token=token, visitor=visitor).values()
    if payload["errors"]:
        raise Refused([Problem(e["field"] or "", e["code"], e["message"] or "") for e in payload["errors"]])
    return payload
