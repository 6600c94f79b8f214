"""Creates, confirms, changes and deletes customers, with the events each of these causes."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from .auth import hash_password, new_token_key
from .context import Refused
from .store import Doc, Tx

if TYPE_CHECKING:
    from .context import Context

ADDRESS = ("firstName", "lastName", "companyName", "streetAddress1", "streetAddress2", "city", "cityArea",
           "postalCode", "countryArea", "phone")  # fmt: skip


def pairs(items: list[Doc] | None) -> dict[str, str]:
    return {item["key"]: item["value"] for item in items or ()}


def address(tx: Tx, given: Doc | None) -> Doc | None:
    """An address as it is stored; only the country is required here."""
    if given is None:
        return None
    if not given.get("country"):
        raise Refused("country", "REQUIRED", "This field is required.")
    stored = {name: given.get(name) or "" for name in ADDRESS}
    return {"__typename": "Address", "id": str(tx.next()), **stored, "country": given["country"]}


def new_user(ctx: Context, tx: Tx, email: str, password: str | None, **fields: Any) -> Doc:
    now = ctx.now()
    doc = {
        "email": email.lower(),
        "password": hash_password(password) if password else "",
        "firstName": "",
        "lastName": "",
        "isStaff": False,
        "isSuperuser": False,
        "permissions": [],
        "isActive": True,
        "isConfirmed": False,
        "dateJoined": now,
        "updatedAt": now,
        "lastLogin": None,
        "languageCode": "EN_US",
        "note": "",
        "externalReference": None,
        "addresses": [],
        "shippingAddress": None,
        "billingAddress": None,
        "jwtTokenKey": new_token_key(),
        "metadata": {},
        "privateMetadata": {},
        **fields,
    }
    return tx.insert("user", doc)


def mail(ctx: Context, tx: Tx, kind: str, user: Doc, **fields: Any) -> str:
    """Put a mail with a token into the outbox that the control door shows; nothing is sent anywhere."""
    token = secrets.token_hex(16)
    tx.insert(
        "mail",
        {"kind": kind, "user": user["id"], "email": user["email"], "token": token, "at": ctx.now(), **fields},
    )
    return token


def take_mail(tx: Tx, kind: str, token: str) -> Doc:
    found = tx.first("mail", kind=kind, token=token)
    if found is None:
        raise Refused("token", "INVALID", "Invalid or expired token.")
    tx.delete("mail", found["id"])
    return found


def confirm(ctx: Context, tx: Tx, user: Doc) -> Doc:
    """Guest orders with the same e-mail keep `user: null` (Saleor's account merge is off)."""
    changed = tx.patch("user", user["id"], {"isConfirmed": True, "updatedAt": ctx.now()})
    assert changed is not None
    ctx.emit(tx, "ACCOUNT_CONFIRMED", user=user["id"])
    return changed


def update(ctx: Context, tx: Tx, user: Doc, given: dict[str, Any]) -> Doc:
    """Write the given input fields and announce them."""
    fields: Doc = {
        name: given[name] if given[name] is not None else ""
        for name in ("firstName", "lastName", "note")
        if name in given
    }
    for name in ("languageCode", "isActive", "isConfirmed"):
        if given.get(name) is not None:
            fields[name] = given[name]
    if "externalReference" in given:
        fields["externalReference"] = given["externalReference"]
    if given.get("email"):
        other = tx.user_by_email(given["email"])
        if other and other["id"] != user["id"]:
            raise Refused("email", "UNIQUE", "User with this Email already exists.")
        fields["email"] = given["email"].lower()
    for name, stored in (
        ("defaultShippingAddress", "shippingAddress"),
        ("defaultBillingAddress", "billingAddress"),
    ):
        if given.get(name):
            fields[stored] = address(tx, given[name])
    for name in ("metadata", "privateMetadata"):
        if given.get(name):
            fields[name] = {**user[name], **pairs(given[name])}
    changed = tx.patch("user", user["id"], {**fields, "updatedAt": ctx.now()})
    assert changed is not None
    ctx.emit(tx, "CUSTOMER_UPDATED", user=user["id"])
    if "metadata" in fields or "privateMetadata" in fields:
        ctx.emit(tx, "CUSTOMER_METADATA_UPDATED", user=user["id"])
    return changed


def delete(ctx: Context, tx: Tx, user: Doc, event: str) -> None:
    """Orders keep the e-mail and lose the user."""
    tx.query(
        "UPDATE standin_order SET doc = doc || '{\"user\": null}' WHERE doc->>'user' = %s", (user["id"],)
    )
    tx.query(
        "UPDATE standin_checkout SET doc = doc || '{\"user\": null}' WHERE doc->>'user' = %s", (user["id"],)
    )
    tx.delete("user", user["id"])
    ctx.emit(tx, event, gone=user)
