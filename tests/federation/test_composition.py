"""Our schema and a real Saleor's make one graph, by a composer that is not ours; nothing of Saleor's is lost in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from graphql import DocumentNode, ObjectTypeDefinitionNode, parse

from tests.federation.node import compose

ROOT = Path(__file__).parents[2]
FACTS = os.environ.get("SALEOR_FACTS", "")


def fields(document: DocumentNode) -> dict[str, set[str]]:
    return {
        one.name.value: {field.name.value for field in one.fields or ()}
        for one in document.definitions
        if isinstance(one, ObjectTypeDefinitionNode)
    }


@pytest.mark.skipif(not FACTS, reason="SALEOR_FACTS names no folder with a Saleor's federation.graphql")
def test_our_schema_and_a_saleors_make_one_graph() -> None:
    saleor = (Path(FACTS) / "federation.graphql").read_text()
    ours = (ROOT / "docs" / "schema.graphql").read_text()
    found = compose({"saleor": saleor, "loyalty": ours})
    assert found["errors"] == []
    whole, before = fields(parse(found["supergraph"])), fields(parse(saleor))
    assert {"loyaltyMembership"} <= whole["User"]
    assert {"memberPrice"} <= whole["Product"] & whole["ProductVariant"]
    assert {"loyaltyPoints"} <= whole["Order"]
    lost = {name: names - whole.get(name, set()) for name, names in before.items()}
    assert not {name: names for name, names in lost.items() if names - {"_service", "_entities"}}
    shared = {"Query", "Mutation", "User", "Product", "ProductVariant", "Order"}
    ours_too = {name for name in fields(parse(ours)) if name in before}
    assert ours_too <= shared  # all other types of ours have names of their own
