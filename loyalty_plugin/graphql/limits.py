"""Bounds what one request may ask: length, depth, aliases, cost, and the schema itself; it answers nothing."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from graphql import ASTValidationRule, ExecutionResult, FieldNode, GraphQLError, ValidationRule
from strawberry.extensions import AddValidationRules, MaxTokensLimiter, SchemaExtension

from loyalty_plugin.conf import settings
from loyalty_plugin.graphql.refusals import as_error
from loyalty_plugin.graphql.sizes import Size, size_of

MAX_BODY: Final = 64 * 1024
MAX_TOKENS: Final = 1_500
MAX_ALIASES: Final = 15
#: Fields that give the schema away; `_service` does so as much as introspection.
_SHOWN_BY: Final = ("__schema", "__type", "_service")


class _Closed(ValidationRule):
    """Refuses to show the schema."""

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        if node.name.value in _SHOWN_BY:
            self.report_error(as_error("introspection_off"))


@lru_cache
def _rules(introspection: bool) -> list[type[ASTValidationRule]]:
    # Always the same ones, or no document would be known to obey them from before.
    return [] if introspection else [_Closed]


class Closed(AddValidationRules):
    """A schema that is closed unless the setting GRAPHQL_INTROSPECTION opens it: neither introspection nor the
    federation's SDL.
    """

    def __init__(self) -> None:
        super().__init__(_rules(settings.GRAPHQL_INTROSPECTION))


class Bounds(SchemaExtension):
    """Refuses what is too deep, has too many aliases or costs too much, once it is valid and before it runs."""

    def on_execute(self) -> Iterator[None]:
        context = self.execution_context
        if context.context is not None:
            context.context.began = True
        if context.graphql_document is not None and not context.result:
            schema: Any = context.schema
            size = size_of(
                schema._schema, context.graphql_document, context.operation_name, context.variables
            )
            if refusal := _refusal(size):
                context.result = ExecutionResult(data=None, errors=[refusal])  # type: ignore[assignment]
        yield


def _refusal(size: Size) -> GraphQLError | None:
    bounds = (
        ("too_deep", size.depth, settings.GRAPHQL_MAX_DEPTH),
        ("too_many_aliases", size.aliases, MAX_ALIASES),
        ("too_costly", size.cost, settings.GRAPHQL_MAX_COST),
    )
    return next((as_error(code, f"{found} > {most}") for code, found, most in bounds if found > most), None)


def tokens() -> SchemaExtension:
    return MaxTokensLimiter(max_token_count=MAX_TOKENS)
