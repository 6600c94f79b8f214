"""Runs one GraphQL request with Saleor's limits and error format; resolvers live elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    execute_sync,
    parse,
    validate,
)
from graphql.language import Visitor, visit

from .context import Context

MAX_ALIASES = 100
MAX_MUTATIONS = 4


class _Aliases(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        self.count += node.alias is not None


def operations(document: DocumentNode) -> Iterator[OperationDefinitionNode]:
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            yield node


class Engine:
    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        self._prepared = lru_cache(maxsize=500)(self._prepare)

    def _prepare(self, text: str) -> tuple[DocumentNode | None, tuple[GraphQLError, ...]]:
        try:
            document = parse(text)
        except GraphQLSyntaxError as error:
            return None, (error,)
        if errors := validate(self.schema, document):
            return document, tuple(errors)
        aliases = _Aliases()
        visit(document, aliases)
        if aliases.count > MAX_ALIASES:
            return document, (GraphQLError(f"The query exceeds the limit of {MAX_ALIASES} aliases."),)
        for operation in operations(document):
            if operation.operation is OperationType.MUTATION and (
                len(operation.selection_set.selections) > MAX_MUTATIONS
            ):
                return document, (
                    GraphQLError(f"The query exceeds the limit of {MAX_MUTATIONS} mutations per document."),
                )
        return document, ()

    def check(self, text: str) -> tuple[DocumentNode | None, tuple[GraphQLError, ...]]:
        """The parsed document and what is wrong with it."""
        return self._prepared(text)

    def run(self, ctx: Context, request: Any) -> tuple[int, dict[str, Any]]:
        """(HTTP status, answer): 400 for a document that cannot run, 200 for everything else, errors included."""
        if not isinstance(request, dict) or not isinstance(request.get("query"), str):
            return 400, {
                "errors": [{"message": "Must provide a query string.", "extensions": _code("GraphQLError")}]
            }
        document, errors = self.check(request["query"])
        if document is None or errors:
            return 400, {"errors": [shown(e) for e in errors]}
        if any(o.operation is OperationType.SUBSCRIPTION for o in operations(document)):
            message = "Subscription queries are not supported."
            return 400, {"errors": [{"message": message, "extensions": _code("GraphQLError")}]}
        ctx.query_text = request["query"]
        result = execute_sync(
            self.schema,
            document,
            context_value=ctx,
            variable_values=request.get("variables") or {},
            operation_name=request.get("operationName") or None,
        )
        answer: dict[str, Any] = {}
        if result.errors:
            answer["errors"] = [shown(e) for e in result.errors]
        if result.data is None and result.errors and all(not e.path for e in result.errors):
            return 400, answer
        answer["data"] = result.data
        return 200, answer

    def run_event(self, ctx: Context, text: str, event: dict[str, Any]) -> tuple[Any, list[dict[str, Any]]]:
        """Execute a webhook's subscription query for one event: (data, errors)."""
        document, errors = self.check(text)
        if document is None or errors:
            return None, [shown(e) for e in errors]
        result = execute_sync(self.schema, document, root_value=event, context_value=ctx)
        return result.data, [shown(e) for e in result.errors or ()]


def _code(name: str) -> dict[str, Any]:
    return {"exception": {"code": name}}


def shown(error: GraphQLError) -> dict[str, Any]:
    answer = error.formatted
    original = error.original_error
    if original is not None and not (error.extensions or {}).get("exception"):
        answer["extensions"] = _code(type(original).__name__)
    elif not error.extensions:
        answer["extensions"] = _code("GraphQLError")
    return dict(answer)


def event_types(document: DocumentNode) -> list[str]:
    """Names of the event types a subscription query asks for, in its order; root fields count as well."""
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    found: list[str] = []

    def walk(selections: Any) -> None:
        for node in selections:
            if node.kind == "inline_fragment" and node.type_condition:
                name = node.type_condition.name.value
                if name == "Event":
                    walk(node.selection_set.selections)
                else:
                    found.append(name)
            elif node.kind == "fragment_spread":
                fragment = fragments[node.name.value]
                if fragment.type_condition.name.value == "Event":
                    walk(fragment.selection_set.selections)
                else:
                    found.append(fragment.type_condition.name.value)

    for operation in operations(document):
        for node in operation.selection_set.selections:
            if isinstance(node, FieldNode) and node.name.value == "event" and node.selection_set:
                walk(node.selection_set.selections)
            elif isinstance(node, FieldNode):
                found.append(node.name.value[0].upper() + node.name.value[1:])
    return list(dict.fromkeys(found))
