"""Bounds what one request may ask: depth, length, aliases, and the schema itself; it answers nothing."""

from __future__ import annotations

from typing import Any, Final

from graphql import FieldNode, GraphQLError, ValidationRule
from strawberry.extensions import (
    AddValidationRules,
    DisableIntrospection,
    MaxAliasesLimiter,
    MaxTokensLimiter,
    QueryDepthLimiter,
    SchemaExtension,
)

from loyalty_plugin.conf import settings

MAX_BODY: Final = 64 * 1024
MAX_TOKENS: Final = 1_500
MAX_ALIASES: Final = 15


class _NoSdl(ValidationRule):
    """Refuses `_service`: it gives the whole schema away as much as introspection does."""

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        if node.name.value == "_service":
            self.report_error(GraphQLError("The schema is not shown here.", nodes=[node]))


class ClosedSchema(AddValidationRules):
    """Neither introspection nor the federation's SDL, unless the setting GRAPHQL_INTROSPECTION allows them."""

    def __init__(self) -> None:
        super().__init__(
            [] if settings.GRAPHQL_INTROSPECTION else [*DisableIntrospection().validation_rules, _NoSdl]
        )


def depth() -> SchemaExtension:
    return QueryDepthLimiter(max_depth=settings.GRAPHQL_MAX_DEPTH)


def tokens() -> SchemaExtension:
    return MaxTokensLimiter(max_token_count=MAX_TOKENS)


def aliases() -> SchemaExtension:
    return MaxAliasesLimiter(max_alias_count=MAX_ALIASES)
