"""Installs an App from its manifest by Saleor's handshake; the token it sends is unsigned, as in Saleor."""

from __future__ import annotations

import re
import secrets
import string
from typing import TYPE_CHECKING, Any

import httpx

from .auth import token_hash
from .delivery import TIMEOUT, USER_AGENT
from .events import VERSION, subscribed
from .store import Doc, Tx

if TYPE_CHECKING:
    from .standin import Standin

SCHEMA_VERSION = "3.23"
MESSAGE_LIMIT = 255
HEADER_KEY = re.compile(r"(X-.*|Authorization.*|BrokerProperties)\Z", re.IGNORECASE)


class InstallFailed(Exception):
    """Its text is what the merchant reads."""


def new_app_token() -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(30))


def check_headers(headers: dict[str, Any] | None) -> dict[str, Any]:
    """The headers as Saleor keeps them, their names in lower case. Raises ValueError with Saleor's words."""
    if len(headers or {}) > 5:
        raise ValueError("Invalid custom headers: Number of headers exceeds the limit: 5.")
    for key, value in (headers or {}).items():
        if not HEADER_KEY.match(key):
            raise ValueError(
                f'Invalid custom headers: "{key}" does not match allowed key pattern:'
                ' "X-*", "Authorization*", or "BrokerProperties"'
            )
        if len(key) > 996 or len(str(value)) > 996:
            raise ValueError("Invalid custom headers: Key or value exceeds the limit: 996.")
    return {key.lower(): value for key, value in (headers or {}).items()}


def url_ok(url: object) -> bool:
    try:
        parsed = httpx.URL(str(url))
    except httpx.InvalidURL:
        return False
    # Saleor's pattern wants a port of two digits at least.
    return parsed.scheme in ("http", "https") and bool(parsed.host) and (parsed.port or 80) > 9


def version_fits(wanted: str, version: str = VERSION) -> bool:
    """npm-like range: alternatives by `||`, each a list of `^ ~ >= <= > < =` comparisons, `x` as wildcard."""
    have = tuple(int(p) for p in version.split("."))

    def one(text: str) -> bool:
        match = re.fullmatch(
            r"(\^|~|>=|<=|>|<|=)?v?(\d+|x|\*)(?:\.(\d+|x|\*))?(?:\.(\d+|x|\*))?(?:-.*)?", text
        )
        if match is None:
            return False
        given = [int(p) for p in match.groups()[1:] if p and p.isdigit()]
        low = tuple(given + [0] * (3 - len(given)))
        match match.group(1):
            case "^":
                return have >= low and have[0] == low[0]
            case "~":
                return have >= low and have[: min(2, len(given))] == low[: min(2, len(given))]
            case ">=":
                return have >= low
            case "<=":
                return have[: len(given)] <= tuple(given)
            case ">":
                return have[: len(given)] > tuple(given)
            case "<":
                return have < low
            case _:
                return have[: len(given)] == tuple(given)

    return any(all(one(part) for part in branch.split()) for branch in wanted.split("||"))


def run(standin: Standin, installation_id: str) -> None:
    """Work an installation off: the row vanishes on success and stays with a message on failure."""
    with standin.store.read() as tx:
        row = tx.get("installation", installation_id)
    if row is None:
        return
    try:
        with httpx.Client(timeout=TIMEOUT, trust_env=False, follow_redirects=False) as client:
            _install(standin, client, row)
    except InstallFailed as failure:
        message = str(failure)
        if len(message) > MESSAGE_LIMIT:
            # Measured: the message does not fit its column, and the row stays PENDING for ever.
            return
        with standin.store.write() as tx:
            tx.patch(
                "installation",
                installation_id,
                {"status": "FAILED", "message": message, "updatedAt": standin.now()},
            )
        return
    with standin.store.write() as tx:
        tx.delete("installation", installation_id)


def _install(standin: Standin, client: httpx.Client, row: Doc) -> None:
    headers = {"User-Agent": USER_AGENT, "Saleor-Schema-Version": SCHEMA_VERSION, "Accept": "*/*"}
    try:
        answer = client.get(row["manifestUrl"], headers=headers)
        if not answer.is_success:
            raise InstallFailed(
                f"{answer.status_code} Client Error: {answer.reason_phrase} for url: {row['manifestUrl']}"
            )
        manifest = answer.json()
    except httpx.HTTPError as error:
        raise InstallFailed(f"Unable to fetch the manifest: {error}") from error
    except ValueError as error:
        raise InstallFailed("manifestUrl: ['Incorrect structure of manifest.']") from error
    check_manifest(standin, manifest, row["permissions"])

    token = new_app_token()
    with standin.store.write() as tx:
        app = create_app(standin, tx, row, manifest, token)
    if not manifest.get("tokenTargetUrl"):
        with standin.store.write() as tx:
            tx.patch("app", app["id"], {"token": None})
    else:
        try:
            _send_token(standin, client, manifest["tokenTargetUrl"], token)
        except InstallFailed:
            with standin.store.write() as tx:
                remove_app(tx, app)
            raise
    with standin.store.write() as tx:
        standin.events.emit(tx, "APP_INSTALLED", {"app": {"id": app["id"]}}, None, standin.now())
    standin.events.wake()


def _send_token(standin: Standin, client: httpx.Client, url: str, token: str) -> None:
    headers = {
        "User-Agent": USER_AGENT,
        "X-Saleor-Domain": standin.options.domain,
        "Saleor-Domain": standin.options.domain,
        "Saleor-Api-Url": standin.options.api_url,
        "Saleor-Schema-Version": SCHEMA_VERSION,
    }
    try:
        answer = client.post(url, json={"auth_token": token}, headers=headers)
    except httpx.HTTPError as error:
        raise InstallFailed(str(error) or type(error).__name__) from error
    if answer.is_success:
        return
    try:
        said = answer.json()["error"]["message"]
    except (ValueError, KeyError, TypeError):
        said = f"{answer.status_code} {answer.reason_phrase} for url: {url}"
    raise InstallFailed(said)


def check_manifest(standin: Standin, manifest: Any, granted: list[str]) -> None:
    """Raises InstallFailed with the texts Saleor shows."""
    if not isinstance(manifest, dict):
        raise InstallFailed("manifestUrl: ['Incorrect structure of manifest.']")
    for name in ("id", "name", "version"):
        if not manifest.get(name):
            raise InstallFailed(f"{name}: ['Field required']")
    wanted = manifest.get("requiredSaleorVersion")
    if wanted and not version_fits(wanted):
        raise InstallFailed(
            f"requiredSaleorVersion: ['Saleor version {VERSION} is not supported by the app.']"
        )
    if manifest.get("tokenTargetUrl") and not url_ok(manifest["tokenTargetUrl"]):
        raise InstallFailed("Invalid target url")
    with standin.store.read() as tx:
        if tx.first("app", identifier=manifest["id"]):
            raise InstallFailed(
                f"identifier: ['App with the same identifier is already installed: {manifest['name']}']"
            )
    for extension in manifest.get("extensions") or ():
        if set(extension.get("permissions") or ()) - set(manifest.get("permissions") or granted):
            raise InstallFailed('extensions: ["Extension permission must be listed in App\'s permissions."]')
    for webhook in manifest.get("webhooks") or ():
        try:
            check_headers(webhook.get("customHeaders"))
        except ValueError as error:
            raise InstallFailed(str(error)) from error
        if not url_ok(webhook.get("targetUrl")):
            raise InstallFailed("webhooks: ['Invalid target url.']")
        _, errors = standin.engine.check(webhook.get("query") or "")
        if errors:
            raise InstallFailed(f"webhooks: ['Subscription query is not valid: {errors[0].message}']")


def webhook_doc(standin: Standin, app_id: str, given: dict[str, Any]) -> Doc:
    """A webhook from a manifest's entry or a webhookCreate input; events default to those of its query."""
    query = given.get("query") or ""
    asked = [e.upper() for e in given.get("asyncEvents") or given.get("events") or ()]
    questions = [e.upper() for e in given.get("syncEvents") or ()]
    return {
        "app": app_id,
        "name": given.get("name") or "",
        "identifier": given.get("identifier"),
        "targetUrl": given["targetUrl"],
        "query": query,
        "isActive": given.get("isActive", True) is not False,
        "asyncEvents": asked if asked or questions else subscribed(standin.engine, query),
        "syncEvents": questions,
        "customHeaders": check_headers(given.get("customHeaders")),
    }


def create_app(standin: Standin, tx: Tx, row: Doc, manifest: dict[str, Any], token: str) -> Doc:
    app = tx.insert(
        "app",
        {
            "identifier": manifest["id"],
            "name": row["appName"] or manifest["name"],
            "type": "THIRDPARTY",
            "created": standin.now(),
            "isActive": bool(row["activate"]),
            # Granted is what appInstall was given, not what the manifest asks for.
            "permissions": row["permissions"],
            "token": token_hash(token),
            "manifestUrl": row["manifestUrl"],
            "version": manifest["version"],
            "author": manifest.get("author"),
            "aboutApp": manifest.get("about"),
            "appUrl": manifest.get("appUrl"),
            "audience": manifest.get("audience"),
            "dataPrivacyUrl": manifest.get("dataPrivacyUrl"),
            "homepageUrl": manifest.get("homepageUrl"),
            "supportUrl": manifest.get("supportUrl"),
            "extensions": [
                {**e, "id": str(tx.next()), "__typename": "AppExtension"}
                for e in manifest.get("extensions") or ()
            ],
            "metadata": {},
            "privateMetadata": {},
        },
    )
    for given in manifest.get("webhooks") or ():
        tx.insert("webhook", webhook_doc(standin, app["id"], given))
    return app


def remove_app(tx: Tx, app: Doc, announce: bool = False) -> None:
    """Delete an App; its webhooks stay hidden until APP_DELETED is delivered when that is announced."""
    for webhook in tx.find("webhook", app=app["id"]):
        if announce and "APP_DELETED" in webhook["asyncEvents"]:
            tx.patch("webhook", webhook["id"], {"gone": True})
        else:
            tx.query("DELETE FROM standin_delivery WHERE webhook = %s", (webhook["id"],))
            tx.delete("webhook", webhook["id"])
    tx.delete("app", app["id"])
