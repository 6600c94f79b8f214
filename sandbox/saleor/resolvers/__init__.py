"""Registers the resolvers of every part of the schema; holds none itself."""

from __future__ import annotations


def register() -> None:
    """Import each part once: importing is registering."""
    from . import (  # noqa: F401
        accounts,
        apps,
        catalogue,
        checkout_fields,
        checkouts,
        discounts,
        drafts,
        events,
        groupings,
        importing,
        meta,
        order_fields,
        orders,
        payments,
        shelving,
        shop,
        tokens,
        user_fields,
        variant_fields,
        webhooks,
    )
