"""Bounds what one request may ask: depth, length, aliases, and the schema itself; it answers nothing."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from graphql import ASTValidationRule, FieldNode, GraphQLError, ValidationRule
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


@lru_cache
def _rules(max_depth: int, introspection: bool) -> list[type[ASTValidationRule]]:
    # Always the same ones, or no document would be known to obey them from before.
    bounds: list[AddValidationRules] = [
        MaxAliasesLimiter(max_alias_count=MAX_ALIASES),
        QueryDepthLimiter(max_depth=max_depth),
    ]
    closed = [] if introspection else [*DisableIntrospection().validation_rules, _NoSdl]
    return [*(rule for bound in bounds for rule in bound.validation_rules), *closed]


class Bounds(AddValidationRules):
    """Depth, aliases, and a schema that is closed unless the setting GRAPHQL_INTROSPECTION opens it: neither
    introspection nor the federation's SDL.
    """

    def __init__(self) -> None:
        super().__init__(_rules(settings.GRAPHQL_MAX_DEPTH, settings.GRAPHQL_INTROSPECTION))


def tokens() -> SchemaExtension:
    return MaxTokensLimiter(max_token_count=MAX_TOKENS)
