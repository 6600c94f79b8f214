"""Makes a CustomerFact out of a customer's account as Saleor answers it; reads no metadata, which customers may write."""

from __future__ import annotations

from loyalty_plugin.domain.facts import CustomerFact
from loyalty_plugin.saleor.payloads.values import Json, instant


def customer_fact(realm: str, user: Json) -> CustomerFact:
    """The account as it was read."""
    return CustomerFact(
        realm=realm,
        user_id=user["id"],
        email=user["email"],
        name=f"{user['firstName']} {user['lastName']}".strip(),
        active=user["isActive"],
        confirmed=user["isConfirmed"],
        language=user["languageCode"].replace("_", "-").lower(),
        joined_at=instant(user["dateJoined"]),
        updated_at=instant(user["updatedAt"]),
    )
