"""Writes the root of our newest block down at Saleor, and tells by it when either side was restored from a dump.

The note lives in our App's private metadata, under a key of this database cluster, so that a copy of the shop for
staging never speaks for the shop. A note we can't match means that our books are older than what we did; a note older
than the one we last wrote means that Saleor's are. Either stops spending until the two are reconciled; judges nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from loyalty_plugin.models.realms import Held, Realm
from loyalty_plugin.queries import chain
from loyalty_plugin.saleor.client import SaleorClient
from loyalty_plugin.services.realms import hold_spending

_PREFIX: Final = "loyalty.anchor."


def key() -> str:
    """The name of our note in the App's private metadata."""
    return f"{_PREFIX}{chain.this_cluster()[0]}"


def compare(
    client: SaleorClient, realm_id: int, app: Mapping[str, Any], *, agreed: datetime, now: datetime
) -> None:
    """Compare the note `app["anchor"]` with our books, hold spending if they part, else write the newest down.

    `agreed` is when both were last seen to agree. The caller holds the lease on our App there. Raises as the client.
    """
    realm = Realm.objects.get(pk=realm_id)
    if realm.held:
        return
    cluster, _horizon = chain.this_cluster()
    if realm.cluster is not None and realm.cluster != cluster:
        hold_spending(realm_id, Held.RESTORED_HERE, since=agreed, now=now)
        return
    if realm.cluster is None:
        Realm.objects.filter(pk=realm_id).update(cluster=cluster)
    note = _note(app.get("anchor"))
    if _parted(realm, note):
        # What we were given was read before the lease was ours: another process may have written a newer note since.
        note = _note((client.execute("standing", anchor=key())["app"] or {}).get("anchor"))
        if parted := _parted(realm, note):
            hold_spending(realm_id, parted, since=agreed, now=now)
            return
    newest = chain.newest_block()
    if newest is None or (realm.anchor.get("block") == newest.number and not realm.anchor.get("anew")):
        return
    ours = {"block": newest.number, "root": newest.root.hex()}
    # Saleor first: were we to die in between, its note would be ahead of our memory of it, which is no difference.
    client.execute("anchor_write", id=app["id"], input=[{"key": key(), "value": json.dumps(ours)}])
    Realm.objects.filter(pk=realm_id).update(anchor=ours)


def _parted(realm: Realm, note: Mapping[str, Any]) -> Held | None:
    """Whose books are older by the note at Saleor, None where they agree or the note is to be written anew."""
    if realm.anchor.get("anew"):
        return None
    if note and chain.root_of(note["block"]) != bytes.fromhex(note["root"]):
        return Held.RESTORED_HERE
    return Held.RESTORED_THERE if realm.anchor.get("block", 0) > note.get("block", 0) else None


def _note(text: object) -> dict[str, Any]:
    """What stands there, nothing where it is none of ours."""
    try:
        found = json.loads(text) if isinstance(text, str) else {}
        return {"block": int(found["block"]), "root": bytes.fromhex(found["root"]).hex()} if found else {}
    except (ValueError, TypeError, KeyError):
        return {}
