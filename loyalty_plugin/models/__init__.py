"""Loads the tables so that Django finds them; re-exports nothing, or the contract on `models.ledger` would be blind."""

import loyalty_plugin.models.audit
import loyalty_plugin.models.cards
import loyalty_plugin.models.consents
import loyalty_plugin.models.declines
import loyalty_plugin.models.gifts
import loyalty_plugin.models.holds
import loyalty_plugin.models.inbox
import loyalty_plugin.models.incidents
import loyalty_plugin.models.jobs
import loyalty_plugin.models.ledger
import loyalty_plugin.models.members
import loyalty_plugin.models.notes
import loyalty_plugin.models.orders
import loyalty_plugin.models.outbox
import loyalty_plugin.models.past
import loyalty_plugin.models.payments
import loyalty_plugin.models.previews
import loyalty_plugin.models.prices
import loyalty_plugin.models.programmes
import loyalty_plugin.models.realms
import loyalty_plugin.models.reconciling
import loyalty_plugin.models.requests
import loyalty_plugin.models.shopping
import loyalty_plugin.models.staff  # noqa: F401
