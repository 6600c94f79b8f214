"""Decides who sends a call: App token, customer or staff JWT, or nobody; grants nothing beyond what is stored."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from typing import TYPE_CHECKING, Any

import jwt
from graphql import GraphQLError

from .context import Requestor
from .store import Doc
from .values import gid, key_of

if TYPE_CHECKING:
    from .standin import Standin

REFRESH_SECONDS = 30 * 24 * 3600


def hash_password(password: str) -> str:
    salt = secrets.token_bytes(16)
    # Few rounds on purpose: this shop holds no real person's password and shares a small machine.
    return f"{salt.hex()}${hashlib.pbkdf2_hmac('sha256', password.encode(), salt, 20_000).hex()}"


def check_password(user: Doc, password: str) -> bool:
    salt, _, digest = user.get("password", "").partition("$")
    if not digest:
        return False
    given = hashlib.pbkdf2_hmac("sha256", password.encode(), bytes.fromhex(salt), 20_000)
    return hmac.compare_digest(given.hex(), digest)


def new_token_key() -> str:
    """The part of a JWT that only Saleor can check; a new one kills the tokens given out before."""
    return secrets.token_urlsafe(9)


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def user_claims(standin: Standin, user: Doc, kind: str, seconds: int, **extra: Any) -> dict[str, Any]:
    # Real time on purpose: a verifier compares `exp` with its own clock, not with the business date.
    now = int(time.time())
    return {
        "iat": now,
        "owner": "saleor",
        "iss": standin.options.api_url,
        "exp": now + seconds,
        "token": user["jwtTokenKey"],
        "email": user["email"],
        "type": kind,
        "user_id": gid("User", user["id"]),
        "is_staff": bool(user.get("isStaff")),
        **extra,
    }


def access_token(standin: Standin, user: Doc, audience: str | None = None) -> str:
    extra = {"aud": f"custom:{audience}"} if audience else {}
    return standin.signer.encode(
        user_claims(standin, user, "access", standin.options.access_seconds, **extra)
    )


def refresh_token(standin: Standin, user: Doc, csrf: str, audience: str | None = None) -> str:
    extra = {"aud": f"custom:{audience}"} if audience else {}
    return standin.signer.encode(
        user_claims(standin, user, "refresh", REFRESH_SECONDS, csrf_token=csrf, **extra)
    )


def thirdparty_token(standin: Standin, user: Doc, app: Doc) -> str:
    """What the Dashboard gives an App about the staff member who opened it."""
    rights = permissions_of(user)
    return standin.signer.encode(
        user_claims(
            standin,
            user,
            "thirdparty",
            300,
            app=gid("App", app["id"]),
            permissions=sorted(rights & set(app["permissions"])),
            user_permissions=sorted(rights),
            **({"aud": app["audience"]} if app.get("audience") else {}),
        )
    )


def permissions_of(user: Doc) -> frozenset[str]:
    return frozenset(user.get("permissions", ()))


def user_of_claims(standin: Standin, claims: dict[str, Any]) -> Doc | None:
    with standin.store.read() as tx:
        user = tx.get("user", key_of(claims.get("user_id", ""), "User"))
    if user and user["isActive"] and user["jwtTokenKey"] == claims.get("token"):
        return user
    return None


def _broken(error: Exception, message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"exception": {"code": type(error).__name__}})


def requestor_of(standin: Standin, header: str) -> Requestor | None:
    """Who a header `Authorization: Bearer …` stands for; a JWT that is old or broken raises as in Saleor."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() not in ("bearer", "jwt") or not token:
        return None
    if token.count(".") != 2:
        return _app_of(standin, token)
    try:
        claims = standin.signer.decode(token)
        if claims.get("type") not in ("access", "thirdparty"):
            raise jwt.InvalidTokenError
        user = user_of_claims(standin, claims)
        if user is None:
            raise jwt.InvalidTokenError
    except jwt.ExpiredSignatureError as error:
        raise _broken(error, "Signature has expired") from error
    except jwt.InvalidTokenError as error:
        raise _broken(
            jwt.InvalidTokenError(), "Invalid token. Create new one by using tokenCreate mutation."
        ) from error
    rights = permissions_of(user)
    if claims["type"] == "thirdparty":
        return Requestor("user", {**user, "isSuperuser": False}, frozenset(claims["permissions"]))
    return Requestor("user", user, rights)


def _app_of(standin: Standin, token: str) -> Requestor | None:
    with standin.store.read() as tx:
        app = tx.first("app", token=token_hash(token))
    if app is None or not app["isActive"]:
        return None
    return Requestor("app", app, frozenset(app["permissions"]))


class LoginThrottle:
    """Saleor's brake on tokenCreate: one attempt at a time per address, longer pauses after each failure."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._blocked: dict[str, float] = {}
        self._failures: dict[str, int] = {}

    def enter(self, ip: str) -> float | None:
        """None when the attempt may run, else the seconds still to wait."""
        now = time.monotonic()
        with self._lock:
            until = self._blocked.get(ip, 0.0)
            if until > now:
                return until - now
            self._blocked[ip] = now + 1.0
            return None

    def leave(self, ip: str, succeeded: bool) -> None:
        with self._lock:
            if succeeded:
                self._blocked.pop(ip, None)
                self._failures.pop(ip, None)
                return
            failures = self._failures[ip] = self._failures.get(ip, 0) + 1
            self._blocked[ip] = time.monotonic() + min(2.0 ** (failures - 1), 3600.0)
