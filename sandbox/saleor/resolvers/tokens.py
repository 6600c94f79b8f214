"""Tokens of customers and staff: create, refresh, verify, revoke, with Saleor's throttle."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

import jwt

from .. import auth
from ..clock import iso
from ..context import Context, PermissionDenied, Refused
from ..schema import mutation
from ..values import InvalidId


@mutation("tokenCreate")
def token_create(ctx: Context, email: str, password: str, audience: str | None = None) -> dict[str, Any]:
    standin = ctx.standin
    wait = standin.throttle.enter(ctx.ip)
    if wait is not None:
        until = iso(standin.clock.now() + timedelta(seconds=wait))
        raise Refused(
            "email",
            "LOGIN_ATTEMPT_DELAYED",
            f"Logging has been suspended till {until} due to logging throttling.",
        )
    succeeded = False
    try:
        with standin.store.read() as tx:
            user = tx.user_by_email(email)
        if user is None or not auth.check_password(user, password):
            raise Refused("email", "INVALID_CREDENTIALS", "Please, enter valid credentials")
        succeeded = True
    finally:
        standin.throttle.leave(ctx.ip, succeeded)
    if not user["isActive"]:
        raise Refused("email", "INACTIVE", "Account inactive.")
    settings = standin.shop()
    must_confirm = (
        settings["enableAccountConfirmationByEmail"] and not settings["allowLoginWithoutConfirmation"]
    )
    if must_confirm and not user["isConfirmed"]:
        raise Refused("email", "ACCOUNT_NOT_CONFIRMED", "Account needs to be confirmed via email.")
    with ctx.write() as tx:
        user = tx.patch("user", user["id"], {"lastLogin": ctx.now()})
    assert user is not None
    csrf = secrets.token_urlsafe(32)
    return {
        "token": auth.access_token(standin, user, audience),
        "refreshToken": auth.refresh_token(standin, user, csrf, audience),
        "csrfToken": csrf,
        "user": user,
    }


@mutation("tokenRefresh")
def token_refresh(
    ctx: Context, refreshToken: str | None = None, csrfToken: str | None = None
) -> dict[str, Any]:
    if not refreshToken:
        raise Refused("refreshToken", "JWT_MISSING_TOKEN", "Missing refreshToken")
    try:
        claims = ctx.standin.signer.decode(refreshToken)
    except jwt.ExpiredSignatureError as error:
        raise Refused("refreshToken", "JWT_SIGNATURE_EXPIRED", "Signature has expired") from error
    except jwt.InvalidTokenError as error:
        raise Refused("refreshToken", "JWT_DECODE_ERROR", "Cannot decode token") from error
    if claims.get("type") != "refresh":
        raise Refused("refreshToken", "JWT_INVALID_TOKEN", "Incorrect refreshToken")
    user = auth.user_of_claims(ctx.standin, claims)
    if user is None:
        raise Refused(
            "refreshToken",
            "JWT_INVALID_TOKEN",
            "Invalid token. Create new one by using tokenCreate mutation.",
        )
    audience = str(claims["aud"]).removeprefix("custom:") if claims.get("aud") else None
    return {"token": auth.access_token(ctx.standin, user, audience), "user": user}


@mutation("tokenVerify")
def token_verify(ctx: Context, token: str) -> dict[str, Any]:
    """Valid for refresh tokens, too, as measured: the caller has to look at `payload.type`."""
    try:
        claims = ctx.standin.signer.decode(token)
        user = auth.user_of_claims(ctx.standin, claims)
    except (jwt.InvalidTokenError, InvalidId):
        claims, user = {}, None
    if user is None:
        refusal = {"field": "token", "code": "JWT_INVALID_TOKEN", "message": "Invalid token."}
        if not claims:
            refusal = {
                "field": "token",
                "code": "JWT_DECODE_ERROR",
                "message": "Signature has expired or is invalid.",
            }
        return {"isValid": False, "user": None, "payload": None, "errors": [refusal]}
    return {"isValid": True, "user": user, "payload": claims}


@mutation("tokensDeactivateAll")
def tokens_deactivate_all(ctx: Context) -> dict[str, Any]:
    if ctx.user is None:
        raise PermissionDenied("AUTHENTICATED_USER")
    with ctx.write() as tx:
        tx.patch("user", ctx.user["id"], {"jwtTokenKey": auth.new_token_key()})
    return {}


@mutation("passwordChange")
def password_change(ctx: Context, newPassword: str, oldPassword: str | None = None) -> dict[str, Any]:
    """Measured: a new password revokes no token."""
    if ctx.user is None:
        raise PermissionDenied("AUTHENTICATED_USER")
    if not auth.check_password(ctx.user, oldPassword or ""):
        raise Refused("oldPassword", "INVALID_CREDENTIALS", "Old password isn't valid.")
    check_new_password(newPassword, "newPassword")
    with ctx.write() as tx:
        user = tx.patch("user", ctx.user["id"], {"password": auth.hash_password(newPassword)})
    return {"user": user}


def check_new_password(password: str, name: str = "password") -> None:
    if len(password) < 8:
        raise Refused(
            name, "PASSWORD_TOO_SHORT", "This password is too short. It must contain at least 8 characters."
        )
    if password.isdigit():
        raise Refused(name, "PASSWORD_ENTIRELY_NUMERIC", "This password is entirely numeric.")
