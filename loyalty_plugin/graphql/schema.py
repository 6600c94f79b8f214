"""Puts the GraphQL door's schema together; `docs/schema.graphql` is what it prints, a test sees to it."""

from __future__ import annotations

from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.federation.schema import FederationAny
from strawberry.schema.config import StrawberryConfig
from strawberry.types import Info

from loyalty_plugin.graphql import errors, limits
from loyalty_plugin.graphql.entities import Order, Product, ProductVariant, User, checked
from loyalty_plugin.graphql.mutations import Mutation
from loyalty_plugin.graphql.queries import Query
from loyalty_plugin.graphql.scalars import SCALARS


class LoyaltySchema(strawberry.federation.Schema):
    """Gives every error a code, and logs only what nobody expected."""

    def execute_sync(self, *args: Any, **more: Any) -> Any:
        result = super().execute_sync(*args, **more)
        if result.errors:
            # Here and not in an extension: releases of strawberry differ in what extensions see of early errors.
            result.errors = errors.plain(result.errors, getattr(more.get("context_value"), "began", False))
        return result

    def entities_resolver(self, info: Info, representations: list[FederationAny]) -> list[FederationAny]:
        """Entities by what a gateway says of them. Raises InvalidInput; strawberry itself breaks at odd ones."""
        return super().entities_resolver(info, checked(representations))  # type: ignore[arg-type]

    def process_errors(self, errors_found: list[GraphQLError], execution_context: Any = None) -> None:
        errors.log(errors_found)


schema = LoyaltySchema(
    query=Query,
    mutation=Mutation,
    types=[User, Product, ProductVariant, Order],
    federation_version="2.9",
    config=StrawberryConfig(scalar_map=SCALARS),
    # The caches remember the last documents, since a shop asks few and asks them again and again.
    extensions=[limits.tokens, limits.Closed, limits.Bounds, ParserCache, ValidationCache],
)
