"""Measures a valid document before it runs: how deep, how many aliases, how much it asks for; it refuses nothing.

Every fragment is measured once. To walk into it at each place that names it, as usual limiters do, takes 2ⁿ steps for
n fragments that each name the next one twice, and so lets a short document stop the shop.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    value_from_ast_untyped,
)
from graphql.pyutils import Undefined

#: What takes longer to tell than to read a value: cards are drawn, mutations write.
WEIGHTS: Final = {"LoyaltyCard.html": 50, "LoyaltyCard.qrSvg": 20}
MUTATION: Final = 20
#: How long a list is taken to be that has no argument to say so: tiers, conditions, sentences.
SHORT: Final = 5
#: Arguments that say how long a list is: a number, or things of which each is answered.
LENGTHS: Final = ("first", "lines", "variants", "representations")


class Size(NamedTuple):
    """Depth in levels of nesting below the root fields; cost in values, weighted."""

    depth: int
    aliases: int
    cost: int


_NOTHING: Final = Size(0, 0, 0)


def size_of(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation_name: str | None,
    variables: Mapping[str, Any] | None,
) -> Size:
    """The size of the operation that is asked for. The document must be valid: fragments in a circle never end."""
    fragments: dict[str, FragmentDefinitionNode] = {}
    chosen: OperationDefinitionNode | None = None
    for one in document.definitions:
        if isinstance(one, FragmentDefinitionNode):
            fragments[one.name.value] = one
        elif isinstance(one, OperationDefinitionNode) and (
            operation_name is None or (one.name is not None and one.name.value == operation_name)
        ):
            chosen = one
    root = schema.get_root_type(chosen.operation) if chosen is not None else None
    if chosen is None or root is None:
        return _NOTHING
    given = {**_defaults(chosen), **(variables or {})}
    found = _Walk(schema, fragments, given).selections(chosen.selection_set, root)
    extra = MUTATION * len(chosen.selection_set.selections) if chosen.operation.value == "mutation" else 0
    # As usual limiters count: a document of root fields alone has no depth.
    return Size(max(found.depth - 1, 0), found.aliases, found.cost + extra)


def _defaults(operation: OperationDefinitionNode) -> dict[str, Any]:
    return {
        one.variable.name.value: value_from_ast_untyped(one.default_value)
        for one in operation.variable_definitions or ()
        if one.default_value is not None
    }


class _Walk:
    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: Mapping[str, Any],
    ) -> None:
        self._schema, self._fragments, self._variables = schema, fragments, variables
        self._known: dict[str, Size] = {}

    def selections(self, chosen: SelectionSetNode | None, parent: Any) -> Size:
        depth = aliases = cost = 0
        for one in chosen.selections if chosen is not None else ():
            if isinstance(one, FieldNode):
                size = self._field(one, parent)
            elif isinstance(one, FragmentSpreadNode):
                size = self._fragment(one.name.value)
            else:
                assert isinstance(one, InlineFragmentNode)
                narrowed = one.type_condition
                kind = self._schema.get_type(narrowed.name.value) if narrowed is not None else parent
                size = self.selections(one.selection_set, kind)
            depth, aliases, cost = max(depth, size.depth), aliases + size.aliases, cost + size.cost
        return Size(depth, aliases, cost)

    def _fragment(self, name: str) -> Size:
        if name not in self._known:
            fragment = self._fragments[name]
            kind = self._schema.get_type(fragment.type_condition.name.value)
            self._known[name] = self.selections(fragment.selection_set, kind)
        return self._known[name]

    def _field(self, node: FieldNode, parent: Any) -> Size:
        name = node.name.value
        aliases = 1 if node.alias is not None else 0
        field: GraphQLField | None = getattr(parent, "fields", {}).get(name)
        if field is None:  # __typename, and the schema's own
            inner = self.selections(node.selection_set, None) if node.selection_set else _NOTHING
            return Size(inner.depth + 1, aliases + inner.aliases, 1 + inner.cost)
        inner = self.selections(node.selection_set, get_named_type(field.type))
        own = WEIGHTS.get(f"{parent.name}.{name}", 1)
        length = self._length(node, field)
        return Size(inner.depth + 1, aliases + inner.aliases, own + length * max(inner.cost, length > 1))

    def _length(self, node: FieldNode, field: GraphQLField) -> int:
        """How many times what is below a field may have to be told."""
        for name in LENGTHS:
            if name in field.args:
                given = next((one.value for one in node.arguments or () if one.name.value == name), None)
                value = (
                    field.args[name].default_value
                    if given is None
                    else value_from_ast_untyped(given, dict(self._variables))
                )
                if value is not None and value is not Undefined:
                    return _count(value)
        # The edges of a page were counted with the page.
        return SHORT if _is_list(field.type) and node.name.value != "edges" else 1


def _count(value: Any) -> int:
    if isinstance(value, int):
        return max(value, 1)
    return max(len(value), 1) if isinstance(value, list) else 1


def _is_list(kind: Any) -> bool:
    return isinstance(kind.of_type if isinstance(kind, GraphQLNonNull) else kind, GraphQLList)
