"""Points, lots and statement lines as the GraphQL door shows them; adds nothing up."""

from __future__ import annotations

import base64
import binascii
from datetime import date, datetime
from typing import Final, cast

import strawberry
from strawberry.scalars import JSON

from loyalty_plugin.domain.ledger import Kind
from loyalty_plugin.errors import InvalidInput
from loyalty_plugin.graphql import words
from loyalty_plugin.graphql.scalars import Whole
from loyalty_plugin.graphql.types.nodes import Node, global_id
from loyalty_plugin.queries.balances import LotView, PointsView
from loyalty_plugin.queries.statements import Movement, Page, statement

#: No page is longer.
MOST: Final = 100
KindType = strawberry.enum(Kind, name="LoyaltyKind", description="What a movement is about.")


@strawberry.type(name="LoyaltyPoints", description="A member's points by state.")
class PointsType:
    available: Whole = strawberry.field(description="Points that can be spent.")
    on_the_way: Whole = strawberry.field(
        description="Earned, and available when the return window has passed."
    )
    reserved: Whole = strawberry.field(description="Put aside for a checkout that is open.")
    reserved_until: datetime | None = strawberry.field(
        description="When the last of these reservations ends, if the checkout is not finished before; none: nothing is."
    )
    owed: Whole = strawberry.field(
        description="Spent but taken back since; the next points pay it off. Zero or more."
    )
    earned: Whole = strawberry.field(description="Ever earned, whatever became of it.")


def points_by_state(view: PointsView) -> PointsType:
    """A view of points as a type."""
    return PointsType(
        available=Whole(view.available),
        on_the_way=Whole(view.pending),
        reserved=Whole(view.held),
        reserved_until=view.held_until,
        owed=Whole(abs(view.owed)),
        earned=Whole(view.earned),
    )


@strawberry.type(name="LoyaltyExpiry", description="The points that go next.")
class ExpiryType:
    points: Whole = strawberry.field(description="How many.")
    last_day: date = strawberry.field(description="The last day on which they can be used.")


def expiry(view: PointsView) -> ExpiryType | None:
    """What goes next, None where nothing does."""
    return ExpiryType(points=Whole(view.expiring), last_day=view.last_day) if view.last_day else None


#: Names of types, as ids have them.
MOVEMENT: Final = "LoyaltyMovement"
LOT: Final = "LoyaltyLot"


@strawberry.type(name="LoyaltyLot", description="What is left of one award.")
class LotType(Node):
    id: strawberry.ID = strawberry.field(description="Its id; finds it while something of it is left.")
    amount: Whole = strawberry.field(description="Points when it was awarded.")
    available: Whole = strawberry.field(description="Of them, what can be spent.")
    on_the_way: Whole = strawberry.field(description="Of them, what is not available yet.")
    reserved: Whole = strawberry.field(description="Of them, what is put aside for an open checkout.")
    available_from: date | None = strawberry.field(description="The day on which they become available.")
    last_day: date | None = strawberry.field(
        description="The last day on which they can be used; none: no end."
    )
    needs_verification: bool = strawberry.field(
        description="They wait for the e-mail address to be confirmed."
    )


def lot(view: LotView) -> LotType:
    """A view of a lot as a type."""
    return LotType(
        id=global_id(LOT, view.lot_id),
        amount=Whole(view.amount),
        available=Whole(view.available),
        on_the_way=Whole(view.pending),
        reserved=Whole(view.held),
        available_from=view.available_from,
        last_day=view.last_day,
        needs_verification=view.needs_verification,
    )


@strawberry.type(name="LoyaltyWhy", description="Why a movement is as it is.")
class WhyType:
    row: strawberry.Private[words.Explained]

    @strawberry.field(description="In one sentence.")
    def sentence(self) -> str:
        return words.why(self.row)

    @strawberry.field(description="Why it was not more, a sentence each.")
    def more(self) -> list[str]:
        return words.why_not_more(self.row)

    @strawberry.field(
        description="The stored explanation of an award: rules, rates, limits, rounding. Exact numbers are text."
    )
    def data(self) -> JSON | None:  # type: ignore[valid-type]
        data = self.row.explanation
        return cast(JSON, dict(data)) if data else None


@strawberry.type(name="LoyaltyMovement", description="One line of the statement. Amounts carry their sign.")
class MovementType(Node):
    # Plain values: a page has hundreds, and to call a resolver costs more than what it would tell.
    id: strawberry.ID = strawberry.field(description="Its id.")
    kind: KindType = strawberry.field(description="What it is about.")  # type: ignore[valid-type]
    occurred_at: datetime = strawberry.field(description="When it took effect.")
    order_id: str | None = strawberry.field(
        description="The order's id at the shop, where an order is behind it."
    )
    amount: Whole = strawberry.field(description="The change of all that is the member's.")
    available: Whole = strawberry.field(description="The change of available points.")
    on_the_way: Whole = strawberry.field(description="The change of points on the way.")
    reserved: Whole = strawberry.field(description="The change of reserved points.")
    balance: Whole = strawberry.field(description="All that was the member's afterwards.")
    why: WhyType = strawberry.field(description="Why.")


def movement(row: Movement) -> MovementType:
    """A line of the statement as a type."""
    return MovementType(
        id=global_id(MOVEMENT, row.entry_id),
        kind=Kind(row.kind),
        occurred_at=row.occurred_at,
        order_id=row.order_ref.rpartition("|")[2] or None,
        amount=Whole(row.amount),
        available=Whole(row.available),
        on_the_way=Whole(row.pending),
        reserved=Whole(row.held),
        balance=Whole(row.balance),
        why=WhyType(row=row),
    )


@strawberry.type(
    name="LoyaltyPageInfo", description="Where a page stands, as Relay has it. Pages go forward only."
)
class PageInfoType:
    has_next_page: bool = strawberry.field(description="Whether there is more after it.")
    has_previous_page: bool = strawberry.field(description="Whether there is more before it.")
    start_cursor: str | None = strawberry.field(description="The cursor of its first edge.")
    end_cursor: str | None = strawberry.field(
        description="The cursor of its last edge: the next page's `after`."
    )


@strawberry.type(name="LoyaltyMovementEdge", description="A movement and its place.")
class MovementEdgeType:
    cursor: str = strawberry.field(description="Its place, opaque.")
    node: MovementType = strawberry.field(description="The movement.")


@strawberry.type(name="LoyaltyMovementConnection", description="A page of the statement, newest first.")
class MovementConnectionType:
    edges: list[MovementEdgeType] = strawberry.field(description="The movements with their places.")
    page_info: PageInfoType = strawberry.field(description="Where the page stands.")


def movements(member_id: int, first: int, after: str | None) -> MovementConnectionType:
    """A page of the statement. Raises InvalidInput for a length out of 1 to 100 and a cursor that is not ours."""
    if not 1 <= first <= MOST:
        raise InvalidInput(first=first)
    page: Page = statement(member_id, before=_entry(after), limit=first)
    edges = [MovementEdgeType(cursor=_cursor(row.entry_id), node=movement(row)) for row in page.movements]
    return MovementConnectionType(
        edges=edges,
        page_info=PageInfoType(
            has_next_page=page.before is not None,
            has_previous_page=after is not None,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        ),
    )


_MARK: Final = b"movement:"


def _cursor(entry_id: int) -> str:
    return base64.urlsafe_b64encode(_MARK + str(entry_id).encode()).decode()


def _entry(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor.encode())
    except (binascii.Error, ValueError) as error:
        raise InvalidInput(after=cursor[:40]) from error
    number = text.removeprefix(_MARK)
    if not text.startswith(_MARK) or not number.isdigit() or len(number) > 18:
        raise InvalidInput(after=cursor[:40])
    return int(number)
