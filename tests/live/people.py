"""What a customer, the payment provider and staff do at a Saleor, each by its own API; asserts nothing of ours."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sandbox.seed.callers import Account, Caller, SeedError
from sandbox.seed.laying import ERRORS
from tests.live.world import CHANNEL, CURRENCY, PASSWORD, World

ADDRESS = {"firstName": "Ada", "lastName": "Ödön", "streetAddress1": "Weg 1", "city": "Berlin", "postalCode": "10115",
           "country": "DE"}  # fmt: skip
CHECKOUT = """id email user{id} totalPrice{gross{amount}} chargeStatus authorizeStatus
lines{id quantity unitPrice{gross{amount}} undiscountedUnitPrice{amount} variant{id sku}}"""
ORDER = """id number status origin shippingMethodName chargeStatus isPaid userEmail user{id} total{gross{amount}}
totalCharged{amount} totalRefunded{amount} transactions{id name events{type amount{amount} pspReference message
createdBy{__typename ... on App{identifier} ... on User{email}}}}
lines{id quantity unitPrice{gross{amount}} undiscountedUnitPrice{gross{amount}} isPriceOverridden priceOverrideReason}"""
_DELIVERIES = """{app{webhooks{eventDeliveries(first:100,sortBy:{field:CREATED_AT,direction:DESC})
{edges{node{payload}}}}}}"""


@dataclass
class Customer:
    """Somebody with an account, and a token while they are signed in."""

    world: World
    email: str
    id: str
    account: Account

    # -- their checkout ---------------------------------------------------------------------------------
    def checkout(self, *lines: tuple[str, int]) -> dict[str, Any]:
        """A new checkout of theirs with (tea or pot, quantity); sent home, nothing chosen yet."""
        world = self.world
        given = {
            "channel": CHANNEL, "email": self.email, "shippingAddress": ADDRESS, "billingAddress": ADDRESS,
            "lines": [{"variantId": world.variant(what), "quantity": n} for what, n in lines],
        }  # fmt: skip
        text = (
            "mutation($i:CheckoutCreateInput!){checkoutCreate(input:$i){checkout{" + CHECKOUT + "}" + ERRORS
        )
        made = self.account.change(text, i=given)["checkout"]
        if made["user"] is None:
            attach = "mutation($i:ID!){checkoutCustomerAttach(id:$i){checkout{id}" + ERRORS
            self.account.change(attach, i=made["id"])
        return dict(made)

    def choose_delivery(self, checkout_id: str, name: str = "") -> None:
        """Take a way of sending, the first without a name."""
        found = next(one for one in ways(self.account, checkout_id) if name in ("", one.name))
        choose = (
            "mutation($i:ID!,$d:ID!){checkoutDeliveryMethodUpdate(id:$i,deliveryMethodId:$d){checkout{id}"
        )
        self.account.change(choose + ERRORS, i=checkout_id, d=found.id)

    def complete(self, checkout_id: str) -> str:
        """The id of the order."""
        text = "mutation($i:ID!){checkoutComplete(id:$i){order{id}" + ERRORS
        return str(self.account.change(text, i=checkout_id)["order"]["id"])

    def buys(self, *lines: tuple[str, int], asks: bool = True) -> str:
        """From checkout to order, paid through the payment provider; at their prices where the shop asks. Its id."""
        made = self.checkout(*lines)["id"]
        if asks:
            self.ask_for_prices(made)
        self.choose_delivery(made)
        charge(self.world, made, total(self.account, made))
        return self.complete(made)

    def ask_for_prices(self, checkout_id: str) -> None:
        """As a storefront does after each change; an event may have been quicker, then nothing is left to do."""
        text = "mutation($c:ID!){loyaltyApplyBenefits(checkoutId:$c){delivered errors{code}}}"
        answer = self.world.ours(self.account, text, c=checkout_id)["loyaltyApplyBenefits"]
        assert answer["errors"] == []
        assert answer["delivered"] is not False

    # -- with us ----------------------------------------------------------------------------------------
    def membership(self, fields: str) -> Any:
        """Fields of their membership from our own door, None while they have none."""
        query = "{loyalty{me{" + fields + "}}}"
        return self.world.ours(self.account, query)["loyalty"]["me"]

    def points(self) -> int:
        """On the way or available."""
        me = self.membership("points{available onTheWay}")
        return int(me["points"]["available"]) + int(me["points"]["onTheWay"]) if me else 0


@dataclass(frozen=True)
class Way:
    """A way of sending that a checkout is offered."""

    id: str
    name: str
    price: Decimal


def ways(who: Caller, checkout_id: str) -> list[Way]:
    """Have them worked out for whoever asks."""
    calculate = (
        "mutation($i:ID!){deliveryOptionsCalculate(id:$i)"
        "{deliveries{id shippingMethod{name price{amount}}}" + ERRORS
    )
    found = who.change(calculate, i=checkout_id)["deliveries"]
    methods = [(one["id"], one["shippingMethod"]) for one in found]
    return [Way(key, one["name"], one["price"]["amount"]) for key, one in methods]


def register(world: World) -> Customer:
    """A stranger opens an account on the storefront and follows the link of the mail."""
    email = f"{world.name}-{secrets.token_hex(3)}@example.com"
    world.people.append(email)
    given = {"email": email, "password": PASSWORD, "firstName": "Ada", "lastName": "Ödön", "channel": CHANNEL,
             "redirectUrl": world.redirect_url}  # fmt: skip
    nobody = Caller(world.api_url, client=world.staff.http)
    text = (
        "mutation($i:AccountRegisterInput!){accountRegister(input:$i){requiresConfirmation user{id email}"
        + ERRORS
    )
    made = nobody.change(text, i=given)
    assert made["user"]["email"] == email
    if made["requiresConfirmation"]:
        token = mailed_token(world, "AccountConfirmationRequested", email)
        confirm = (
            "mutation($e:String!,$t:String!){confirmAccount(email:$e,token:$t){user{id isConfirmed}" + ERRORS
        )
        assert nobody.change(confirm, e=email, t=token)["user"]["isConfirmed"] is True
    else:
        # Nobody is asked there, and nobody is confirmed by it either, until staff say so.
        confirm = (
            "mutation($i:ID!){customerUpdate(id:$i,input:{isConfirmed:true}){user{id isConfirmed}" + ERRORS
        )
        owner = world.staff.ask("query($e:String!){user(email:$e){id isConfirmed}}", e=email)["user"]
        assert owner["isConfirmed"] is False
        assert world.staff.change(confirm, i=owner["id"])["user"]["isConfirmed"] is True
    found = world.staff.ask("query($e:String!){user(email:$e){id}}", e=email)["user"]
    return Customer(world, email, found["id"], Account(world.api_url, email, PASSWORD, world.staff.http))


def joined(world: World) -> Customer:
    """A stranger registers, and the plugin knows them by now."""
    made = register(world)
    world.until("a customer is a member", lambda: made.membership("number"))
    return made


def mailed_token(world: World, event: str, email: str) -> str:
    """The token a mail carries: Saleor sends it to Apps as well, and ours can be read where it could not be delivered."""

    def found() -> str:
        hooks = world.witness.ask(_DELIVERIES)["app"]["webhooks"]
        for edge in (edge for hook in hooks for edge in hook["eventDeliveries"]["edges"]):
            body = json.loads(edge["node"]["payload"] or "{}")
            if body.get("__typename") == event and body["user"]["email"] == email:
                return str(body["token"])
        return ""

    return str(world.until(f"the mail to {email}", found))


# -- money -----------------------------------------------------------------------------------------------------------


def amount(value: Decimal) -> dict[str, Any]:
    return {"currency": CURRENCY, "amount": str(value)}


def charge(world: World, owner: str, amount: Decimal) -> str:
    """Our own App, as a payment provider, reports that so much came in for a checkout or an order; the transaction."""
    create = (
        "mutation($i:ID!,$t:TransactionCreateInput!){transactionCreate(id:$i,transaction:$t){transaction{id}"
    )
    given = {"name": world.name, "availableActions": ["REFUND"]}
    made = str(world.witness.change(create + ERRORS, i=owner, t=given)["transaction"]["id"])
    report(world, made, "CHARGE_SUCCESS", amount)
    return made


def report(world: World, transaction: str, kind: str, amount: Decimal, reference: str = "") -> bool:
    """The provider reports an event on its own transaction; whether Saleor knew it already."""
    text = (
        "mutation($i:ID!,$k:TransactionEventTypeEnum!,$a:PositiveDecimal!,$r:String!)"
        "{transactionEventReport(id:$i,type:$k,amount:$a,pspReference:$r){alreadyProcessed" + ERRORS
    )
    reference = reference or f"{world.name}-{secrets.token_hex(4)}"
    return bool(
        world.witness.change(text, i=transaction, k=kind, a=str(amount), r=reference)["alreadyProcessed"]
    )


def record_payment(world: World, owner: str, charged: Decimal) -> None:
    """A member of staff writes down that money came in, which nobody saw."""
    text = (
        "mutation($i:ID!,$t:TransactionCreateInput!){transactionCreate(id:$i,transaction:$t){transaction{id}"
    )
    given = {"name": "Cash", "amountCharged": amount(charged)}
    world.staff.change(text + ERRORS, i=owner, t=given)


def total(who: Caller, checkout_id: str) -> Decimal:
    return read_checkout(who, checkout_id)["totalPrice"]["gross"]["amount"]  # type: ignore[no-any-return]


# -- looking -----------------------------------------------------------------------------------------------------------


def read_checkout(who: Caller, checkout_id: str) -> dict[str, Any]:
    return dict(who.ask("query($i:ID!){checkout(id:$i){" + CHECKOUT + "}}", i=checkout_id)["checkout"])


def unit(who: Caller, checkout_id: str, line: int = 0) -> Decimal:
    """What one piece of a line costs."""
    return read_checkout(who, checkout_id)["lines"][line]["unitPrice"]["gross"]["amount"]  # type: ignore[no-any-return]


def read_order(world: World, order_id: str) -> dict[str, Any]:
    return dict(world.staff.ask("query($i:ID!){order(id:$i){" + ORDER + "}}", i=order_id)["order"])


def booked(world: World, order_id: str) -> tuple[str, int]:
    """What our ledger's row of an order says: its outcome and the points that stand."""
    query = "SELECT outcome, points FROM loyalty_plugin_orderrecord WHERE order_id = %s"
    found = world.rows(query, order_id)
    return (str(found[0][0]), int(found[0][1])) if found else ("", -1)


def refused(who: Caller, text: str, **variables: Any) -> str:
    """The words or the codes with which Saleor refuses."""
    try:
        who.change(text, **variables)
    except SeedError as error:
        return " ".join(error.codes) or str(error)
    return ""
