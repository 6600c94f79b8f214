"""Sends webhook bodies with Saleor's headers, time-outs and retries; a body is never built a second time."""

from __future__ import annotations

import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
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
    """One thread claims what is due, a few others send; a row is claimed before and settled after sending."""

    def __init__(self, standin: Standin) -> None:
        self._standin = standin
        self._wake = threading.Event()
        self._stop = False
        self._free = threading.Semaphore(standin.options.delivery_threads)
        self._pool = ThreadPoolExecutor(standin.options.delivery_threads, "standin-delivery")
        self._client = httpx.Client(timeout=TIMEOUT, follow_redirects=False, trust_env=False)
        self._thread = threading.Thread(target=self._run, name="standin-dispatch", daemon=True)

    def start(self) -> None:
        with self._standin.store.write() as tx:
            # Killed while sending: nobody knows whether it arrived, so it goes out again.
            tx.query("UPDATE standin_delivery SET status = 'PENDING' WHERE status = 'SENDING'")
        self._thread.start()

    def stop(self) -> None:
        self._stop = True
        self.wake()
        self._thread.join(20)
        self._pool.shutdown()
        self._client.close()

    def wake(self) -> None:
        self._wake.set()

    def _run(self) -> None:
        while not self._stop:
            self._wake.clear()
            try:
                wait = self._dispatch()
            except Exception:
                # The thread must outlive a lost database connection; the rows stay claimable.
                traceback.print_exc()
                wait = 1.0
            self._wake.wait(wait)

    def _dispatch(self) -> float:
        """Claim what is due while somebody is free to send it; the seconds until more is due."""
        while not self._stop:
            self._free.acquire()
            with self._standin.store.write() as tx:
                rows = tx.query(_CLAIM)
            if not rows:
                self._free.release()
                break
            self._pool.submit(self._send, *rows[0])
        with self._standin.store.read() as tx:
            [(due,)] = tx.query(
                "SELECT extract(epoch FROM min(due) - clock_timestamp())::float FROM standin_delivery"
                " WHERE status = 'PENDING'"
            )
        return 5.0 if due is None else min(max(due, 0.001), 5.0)

    def _send(self, key: int, webhook_id: str, event: str, payload: bytes, attempts: list[Doc]) -> None:
        try:
            with self._standin.store.read() as tx:
                webhook = tx.get("webhook", webhook_id)
                if webhook is None:
                    tx.query("DELETE FROM standin_delivery WHERE id = %s", (key,))
                    return
            attempt, outcome = self.attempt(webhook, event, bytes(payload))
            with self._standin.store.write() as tx:
                self._settle(tx, key, attempts, attempt, outcome)
                if webhook.get("gone"):
                    _forget(tx, webhook["id"])
            if outcome == "retry":
                self.wake()
        except Exception:
            # Left as SENDING: the next start sends it again, as after a crash.
            traceback.print_exc()
        finally:
            self._free.release()

    def ask(self, webhook: Doc, event: str, body: bytes) -> Any:
        """The App's answer to a question, once; None for anything but JSON under a status of 2xx."""
        try:
            headers = headers_for(self._standin, webhook, event, body)
            answer = self._client.post(webhook["targetUrl"], content=body, headers=headers)
            return answer.json() if answer.is_success else None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError):
            return None

    def ask_payment(self, webhook: Doc, event: str, body: bytes, *, insist: bool) -> Any:
        """What a payment App says, whatever its status below 500; None where it can't be reached or says no JSON.

        With `insist`, as for what staff ask for: after a failure of its server it is asked once more, with an empty body
        (measured), and whatever it says to that counts.
        """
        try:
            answer = self._client.post(
                webhook["targetUrl"], content=body, headers=headers_for(self._standin, webhook, event, body)
            )
            if answer.status_code >= 500:
                if not insist:
                    return None
                empty = headers_for(self._standin, webhook, event, b"")
                answer = self._client.post(webhook["targetUrl"], content=b"", headers=empty)
            return answer.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError):
            return None

    def attempt(self, webhook: Doc, event: str, body: bytes) -> tuple[Doc, str]:
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
            answer = self._client.post(webhook["targetUrl"], content=body, headers=headers)
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
