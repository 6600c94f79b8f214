"""Our schema and a real Saleor's make one graph, by a composer that is not ours; nothing of Saleor's is lost in it."""

from __future__ import annotations

from pathlib import Path

from graphql import DocumentNode, ObjectTypeDefinitionNode, parse

from tests.federation.node import compose
from tests.recorded import facts, needs_facts

ROOT = Path(__file__).parents[2]


def fields(document: DocumentNode) -> dict[str, set[str]]:
    return {
        one.name.value: {field.name.value for field in one.fields or ()}
        for one in document.definitions
        if isinstance(one, ObjectTypeDefinitionNode)
    }


@needs_facts
def test_our_schema_and_a_saleors_make_one_graph() -> None:
    saleor = (facts() / "federation.graphql").read_text()
    ours = (ROOT / "docs" / "schema.graphql").read_text()
    found = compose({"saleor": saleor, "loyalty": ours})
    assert found["errors"] == []
    whole, before = fields(parse(found["supergraph"])), fields(parse(saleor))
    assert {"loyaltyMembership"} <= whole["User"]
    assert {"memberPrice"} <= whole["Product"] & whole["ProductVariant"]
    assert {"loyaltyPoints"} <= whole["Order"]
    lost = {name: names - whole.get(name, set()) for name, names in before.items()}
    assert not {name: names for name, names in lost.items() if names - {"_service", "_entities", "sdl"}}
    shared = {"_Service", "Query", "Mutation", "User", "Product", "ProductVariant", "Order"}
    ours_too = {name for name in fields(parse(ours)) if name in before}
    assert ours_too <= shared  # all other types of ours have names of their own
