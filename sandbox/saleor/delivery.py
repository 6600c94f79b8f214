"""Sends webhook bodies with Saleor's headers, time-outs and retries; a body is never built a second time."""

from __future__ import annotations

import threading
import time
import traceback
from typing import TYPE_CHECKING, Any

import httpx
from psycopg.types.json import Jsonb

from .store import Doc, Tx

if TYPE_CHECKING:
    from .standin import Standin

#: Seconds before each further attempt; after the sixth the delivery has failed for good.
PAUSES = (10, 20, 40, 80, 160)
TIMEOUT = httpx.Timeout(18.0, connect=2.0)
USER_AGENT = "Saleor/3.23"

_CLAIM = """
UPDATE standin_delivery SET status = 'SENDING' WHERE id = (
    SELECT id FROM standin_delivery WHERE status = 'PENDING' AND due <= now()
    ORDER BY due FOR UPDATE SKIP LOCKED LIMIT 1)
RETURNING id, webhook, event, payload, attempts
"""


def headers_for(standin: Standin, webhook: Doc, event: str, body: bytes) -> dict[str, str]:
    """Saleor's headers; a custom header may replace an `X-` twin, never a `Saleor-` one."""
    signature = standin.signer.detached(body)
    domain = standin.options.domain
    twins = {
        "x-saleor-event": event.lower(),
        "x-saleor-domain": domain,
        "x-saleor-signature": signature,
    }
    twins.update({name.lower(): str(value) for name, value in (webhook["customHeaders"] or {}).items()})
    return {
        "User-Agent": USER_AGENT,
        "Content-Type": "application/json",
        **twins,
        "Saleor-Event": event.lower(),
        "Saleor-Domain": domain,
        "Saleor-Signature": signature,
        "Saleor-Api-Url": standin.options.api_url,
    }


class Deliverer:
    def __init__(self, standin: Standin) -> None:
        self._standin = standin
        self._condition = threading.Condition()
        self._stop = False
        self._wakes = 0
        self._threads = [
            threading.Thread(target=self._run, name=f"standin-delivery-{i}", daemon=True)
            for i in range(standin.options.delivery_threads)
        ]

    def start(self) -> None:
        with self._standin.store.write() as tx:
            # Killed while sending: nobody knows whether it arrived, so it goes out again.
            tx.query("UPDATE standin_delivery SET status = 'PENDING' WHERE status = 'SENDING'")
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop = True
        self.wake()
        for thread in self._threads:
            thread.join(20)

    def wake(self) -> None:
        with self._condition:
            self._wakes += 1
            self._condition.notify_all()

    def _run(self) -> None:
        with httpx.Client(timeout=TIMEOUT, follow_redirects=False, trust_env=False) as client:
            while not self._stop:
                seen = self._wakes
                try:
                    if not self._send_next(client):
                        self._sleep(seen)
                except Exception:
                    # The thread must outlive a lost database connection; the row stays claimable.
                    traceback.print_exc()
                    time.sleep(1)

    def _sleep(self, seen: int) -> None:
        """Until the next row is due or somebody wakes us; a wake since `seen` is not slept through."""
        with self._standin.store.read() as tx:
            rows = tx.query(
                "SELECT greatest(0.002, extract(epoch FROM min(due) - now())::float) FROM standin_delivery"
                " WHERE status = 'PENDING'"
            )
        with self._condition:
            if not self._stop and self._wakes == seen:
                self._condition.wait(min(rows[0][0] or 2.0, 2.0))

    def _send_next(self, client: httpx.Client) -> bool:
        with self._standin.store.write() as tx:
            rows = tx.query(_CLAIM)
            if not rows:
                return False
            key, webhook_id, event, payload, attempts = rows[0]
            webhook = tx.get("webhook", webhook_id)
            if webhook is None:
                tx.query("DELETE FROM standin_delivery WHERE id = %s", (key,))
                return True
        attempt, outcome = self.attempt(client, webhook, event, bytes(payload))
        with self._standin.store.write() as tx:
            self._settle(tx, key, attempts, attempt, outcome)
            if webhook.get("gone"):
                _forget(tx, webhook["id"])
        return True

    def attempt(self, client: httpx.Client, webhook: Doc, event: str, body: bytes) -> tuple[Doc, str]:
        """(record of the attempt, "ok" | "retry" | "failed")."""
        headers = headers_for(self._standin, webhook, event, body)
        record: dict[str, Any] = {
            "createdAt": self._standin.now(),
            "requestHeaders": headers,
            "code": None,
            "response": "",
            "responseHeaders": {},
        }
        started = time.monotonic()
        if not webhook["isActive"]:
            return {**record, "duration": 0.0, "response": "Webhook is disabled."}, "failed"
        try:
            answer = client.post(webhook["targetUrl"], content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            outcome = "failed" if isinstance(error, httpx.InvalidURL) else "retry"
            record["response"] = str(error) or type(error).__name__
        else:
            record.update(
                code=answer.status_code,
                response=answer.text[:2000].replace("\0", ""),
                responseHeaders=dict(answer.headers),
            )
            outcome = "ok" if answer.is_success else "retry" if answer.status_code >= 500 else "failed"
        return {**record, "duration": round(time.monotonic() - started, 4)}, outcome

    def _settle(self, tx: Tx, key: int, attempts: list[Doc], attempt: Doc, outcome: str) -> None:
        if outcome == "ok":
            tx.query("DELETE FROM standin_delivery WHERE id = %s", (key,))
            tx.count("delivered")
            return
        attempt["id"] = str(tx.next())
        attempts = [*attempts, attempt]
        if outcome == "retry" and len(attempts) <= len(PAUSES):
            pause = PAUSES[len(attempts) - 1] * self._standin.options.retry_scale
            tx.query(
                "UPDATE standin_delivery SET status = 'PENDING', attempts = %s,"
                " due = now() + %s * interval '1 second' WHERE id = %s",
                (Jsonb(attempts), pause, key),
            )
            return
        tx.query(
            "UPDATE standin_delivery SET status = 'FAILED', attempts = %s WHERE id = %s",
            (Jsonb(attempts), key),
        )


def _forget(tx: Tx, webhook_id: str) -> None:
    """Drop the webhook of a deleted App once its last message is through."""
    left = tx.query("SELECT 1 FROM standin_delivery WHERE webhook = %s AND status <> 'FAILED'", (webhook_id,))
    if not left:
        tx.query("DELETE FROM standin_delivery WHERE webhook = %s", (webhook_id,))
        tx.delete("webhook", webhook_id)
