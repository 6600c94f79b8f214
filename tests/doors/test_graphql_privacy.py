"""No field tells anything of another member: each is asked with every id another member has, as customer and as guest.

The questions are made from the schema, so that a field that is added is asked, too.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
)

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.graphql.entities import ENTITIES
from loyalty_plugin.graphql.schema import schema
from loyalty_plugin.graphql.types.nodes import global_id
from loyalty_plugin.graphql.types.points import LOT, MOVEMENT
from loyalty_plugin.models.ledger import Entry, Lot
from loyalty_plugin.models.members import Member
from loyalty_plugin.services.cards import issue_card
from loyalty_plugin.services.orders.apply import apply_orders
from tests.doors.graphqlkit import RULES, USER, Door, door
from tests.factories import CHANNEL, NOW, member, order, programme

__all__ = ["door"]

BOB = "VXNlcjo0Nw=="
DEPTH = 7


class Walk:
    """Selects all there is below a type; arguments that must be given have a sample, one of them an id of Bob's."""

    def __init__(self, foreign: str) -> None:
        self.foreign = foreign

    def below(self, kind: Any, depth: int = DEPTH) -> str:
        kind = get_named_type(kind)
        if isinstance(kind, GraphQLUnionType | GraphQLInterfaceType):
            kinds = schema._schema.get_possible_types(kind)
            return (
                "{ __typename " + " ".join(f"... on {one} {self.below(one, depth)}" for one in kinds) + " }"
            )
        if not isinstance(kind, GraphQLObjectType):
            return ""
        if depth == 0:
            return "{ __typename }"
        return (
            "{ __typename "
            + " ".join(self.field(name, field, depth) for name, field in kind.fields.items())
            + " }"
        )

    def field(self, name: str, field: Any, depth: int) -> str:
        if name in ("html", "qrSvg", "_service"):  # the first two draw what `number` and `code` say
            return "__typename"
        given = [
            f"{key}: {self.value(key, one.type)}"
            for key, one in field.args.items()
            if is_required_argument(one) or key == "id"
        ]
        arguments = f"({', '.join(given)})" if given else ""
        return f"{name}{arguments} {self.below(field.type, depth - 1)}"

    def value(self, name: str, kind: Any) -> str:
        if is_non_null_type(kind):
            return self.value(name, kind.of_type)
        if is_list_type(kind):
            return f"[{self.value(name, kind.of_type)}]"
        if isinstance(kind, GraphQLEnumType):
            return next(iter(kind.values))
        if isinstance(kind, GraphQLInputObjectType):
            inner = (
                f"{key}: {self.value(key, one.type)}"
                for key, one in kind.fields.items()
                if is_non_null_type(one.type) and one.default_value is not None
            )
            return "{ " + ", ".join(inner) + " }"
        if name in ("wording", "language"):  # kept, and told to Ada again as her own words
            return '"en"'
        samples = {"Boolean": "true", "Int": "1", "LoyaltyInteger": "1", "Date": '"2026-01-01"'}
        if name == "channel":
            return f'"{CHANNEL}"'
        return samples.get(kind.name, f'"{self.foreign}"')

    def questions(self) -> Iterator[str]:
        """A question for each field of the roots, and one for each kind of entity."""
        for root, word in ((schema._schema.query_type, "query"), (schema._schema.mutation_type, "mutation")):
            assert root is not None
            for name, field in root.fields.items():
                if not name.startswith("_"):
                    yield f"{word} {{ {self.field(name, field, DEPTH)} }}"
        below = self.below(schema._schema.get_type("_Entity"))
        for kind in ENTITIES:
            keys = f'__typename: "{kind}", id: "{self.foreign}", channel: "{CHANNEL}"'
            yield f"{{ _entities(representations: [{{ {keys} }}]) {below} }}"
        yield from self.optional()

    def optional(self) -> Iterator[str]:
        """The same for arguments that may be left out: cursors and the like, wherever they are."""
        for path, name, field, argument in texts():
            needed = [
                f"{key}: {self.value(key, one.type)}"
                for key, one in field.args.items()
                if is_required_argument(one)
            ]
            given = ", ".join([*needed, f'{argument}: "{self.foreign}"'])
            asked = f"{name}({given}) {self.below(field.type, 3)}"
            for step in reversed(path):
                asked = f"{step} {{ {asked} }}"
            yield f"{{ {asked} }}"


def texts() -> Iterator[tuple[tuple[str, ...], str, Any, str]]:
    """Each optional argument that takes a text, below the member: path, field and its name."""

    def within(kind: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str, Any, str]]:
        for name, field in getattr(kind, "fields", {}).items():
            for key, one in field.args.items():
                if not is_required_argument(one) and get_named_type(one.type).name in ("String", "ID"):
                    yield path, name, field, key
            below = get_named_type(field.type)
            needed = any(is_required_argument(one) for one in field.args.values())
            if isinstance(below, GraphQLObjectType) and not needed and len(path) < 4:
                yield from within(below, (*path, name))

    yield from within(schema._schema.get_type("LoyaltyQueries"), ("loyalty",))


@pytest.fixture
def bob(door: Door, settings: Any) -> Member:
    """Another member, with something of everything; and Ada, who asks."""
    settings.LOYALTY = {**settings.LOYALTY, "GRAPHQL_MAX_DEPTH": 99, "GRAPHQL_MAX_COST": 10**9}
    club = programme(RULES)
    ada, of = (
        member(club, external_id=external, name=name, email=email, phone=phone)
        for external, name, email, phone in (
            (USER, "Ada Lovelace", "ada@mail.example", "+4930111"),
            (BOB, "Bob Marked", "bob@marked.example", "+4930777"),
        )
    )
    # An amount that nothing else has.
    apply_orders([order(of, 7_654_300), order(ada, 1_000)], now=NOW)
    issue_card(SYSTEM, member_id=of.pk, now=NOW)
    for user, email in ((USER, "ada@mail.example"), (BOB, "bob@marked.example")):
        door.shop.account(user, email=email, name="Bob Marked" if user == BOB else "Ada Lovelace")
    door.shop.open_checkout(BOB, "Q2hlY2tvdXQ6Ym9i")
    return of


def test_no_field_tells_anything_of_another_member(
    door: Door, bob: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loyalty_plugin.graphql.limits.MAX_TOKENS", 10**6)
    entry, lot = (
        Entry.objects.filter(member=bob).earliest("pk"),
        Lot.objects.filter(member=bob).earliest("pk"),
    )
    card = bob.cards.get().number
    ids = [
        BOB, str(bob.public_id), bob.number, bob.email, bob.phone, card, entry.order_ref.rpartition("|")[2],
        str(bob.pk), str(entry.pk), str(lot.pk), "Q2hlY2tvdXQ6Ym9i",
        base64.b64encode(f"movement:{entry.pk + 1}".encode()).decode(),
        global_id("LoyaltyMember", bob.public_id), global_id(MOVEMENT, entry.pk), global_id(LOT, lot.pk),
    ]  # fmt: skip
    secrets = [
        "Marked",
        "marked.example",
        bob.number,
        str(bob.public_id),
        global_id("LoyaltyMember", bob.public_id),
        card,
        "76543",
        "76,543",
        "+4930777",
    ]
    before = Member.objects.filter(pk=bob.pk).values().get(), Entry.objects.filter(member=bob).count()
    asked = 0
    for customer in (USER, None):
        door.token = None
        known: set[str] = set()  # what takes no id is the same question for each
        if customer:
            door.sign_in(customer)
        for foreign in ids:
            for question in set(Walk(foreign).questions()) - known:
                known.add(question)
                body = door.post(question).json()
                asked += 1
                for error in body.get("errors", ()):
                    code = error["extensions"]["code"]
                    assert code not in ("internal", "invalid_syntax", "invalid_query", "too_long"), (
                        error,
                        question,
                    )
                text = str(body).replace(foreign, "")
                found = [
                    text[max(text.index(one) - 90, 0) :][:180]
                    for one in secrets
                    if one != foreign and one in text
                ]
                assert not found, (found, question)
    assert asked > 2 * len(ids) * 5
    assert before == (
        Member.objects.filter(pk=bob.pk).values().get(),
        Entry.objects.filter(member=bob).count(),
    )


def test_the_walk_finds_what_there_is_for_who_it_belongs_to(door: Door, bob: Member) -> None:
    """The same questions by Bob himself find all of it, so that the test above could fail."""
    entry, lot = (
        Entry.objects.filter(member=bob).earliest("pk"),
        Lot.objects.filter(member=bob).earliest("pk"),
    )
    door.sign_in(BOB)
    told = "".join(door.post(question).content.decode() for question in Walk(BOB).questions())
    own = global_id("LoyaltyMember", bob.public_id)
    for secret in ("Bob Marked", bob.number, own, bob.cards.get().number, "76543"):
        assert secret in told
    for id in (own, global_id(MOVEMENT, entry.pk), global_id(LOT, lot.pk)):
        assert door.ask("query ($id: ID!) { node(id: $id) { id } }", id=id)["node"] == {"id": id}
    for odd in ("", "%", global_id("LoyaltyMember", "x"), global_id(LOT, "9" * 30), global_id("User", 46)):
        assert door.ask("query ($id: ID!) { node(id: $id) { id } }", id=odd)["node"] is None
