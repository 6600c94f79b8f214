"""Prints the GraphQL schema, for a federation gateway or a client's code generator; changes nothing."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Print the GraphQL schema (SDL with federation directives)."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        from loyalty_plugin.graphql.schema import schema

        self.stdout.write(schema.as_str())
