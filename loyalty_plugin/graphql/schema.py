"""Puts the GraphQL door's schema together; `docs/schema.graphql` is what it prints, a test sees to it."""

from __future__ import annotations

from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig

from loyalty_plugin.graphql import errors, limits
from loyalty_plugin.graphql.mutations import Mutation
from loyalty_plugin.graphql.queries import Query, User
from loyalty_plugin.graphql.scalars import SCALARS


class LoyaltySchema(strawberry.federation.Schema):
    """Logs only what nobody expected."""

    def process_errors(self, errors_found: list[GraphQLError], execution_context: Any = None) -> None:
        errors.log(errors_found)


schema = LoyaltySchema(
    query=Query,
    mutation=Mutation,
    types=[User],
    federation_version="2.9",
    config=StrawberryConfig(scalar_map=SCALARS),
    # PlainErrors first: what begins first ends last, and sees the errors of all others. The caches remember the
    # last documents, since a shop asks few and asks them again and again.
    extensions=[errors.PlainErrors, limits.tokens, limits.Bounds, ParserCache, ValidationCache],
)
