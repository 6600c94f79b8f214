"""Makes and reads the one-time tokens by which the shop's question finds its payment; they are stored nowhere."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.utils.crypto import constant_time_compare, salted_hmac

from loyalty_plugin.models.payments import Payment

_SALT: Final = "loyalty_plugin.paying"
_LONGEST: Final = 200


def token_of(payment: Payment) -> str:
    """The token of a payment: its id, and a proof that we gave it. The same each time it is asked for."""
    return f"{payment.pk.hex}.{_proof(payment.pk)}"


def payment_named(token: object) -> UUID | None:
    """The payment a token names, None where we never gave it."""
    if not isinstance(token, str) or len(token) > _LONGEST:
        return None
    name, _, proof = token.partition(".")
    try:
        payment_id = UUID(hex=name)
    except ValueError:
        return None
    return payment_id if constant_time_compare(proof, _proof(payment_id)) else None


def _proof(payment_id: UUID) -> str:
    return salted_hmac(_SALT, payment_id.hex, algorithm="sha256").hexdigest()
