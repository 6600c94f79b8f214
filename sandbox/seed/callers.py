"""Calls a Saleor's GraphQL API as somebody: nobody, an App by its token, a person by e-mail and password; keeps no data."""

from __future__ import annotations

import time
from collections.abc import Iterable
from decimal import Decimal
from json import loads
from typing import Any, Self

import httpx

#: A token is used for this long, with a minute to spare of Saleor's five.
TOKEN_SECONDS = 240
#: Saleor slows sign-ins from one address down; for this long we wait for our turn.
PATIENCE = 60
SIGN_IN = "mutation($e:String!,$p:String!){tokenCreate(email:$e,password:$p){token errors{code message}}}"


class SeedError(RuntimeError):
    """A sentence for the person at the terminal; `codes` are Saleor's own, where it refused a mutation."""

    def __init__(self, message: str, codes: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.codes = frozenset(codes)


class Caller:
    """Nobody, or whoever holds a token. `api_url` is the GraphQL endpoint."""

    def __init__(self, api_url: str, token: str = "", client: httpx.Client | None = None) -> None:
        self.api_url = api_url
        self.http = client or httpx.Client(timeout=120)
        self._token = token

    def close(self) -> None:
        self.http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def token(self) -> str:
        """What is sent as a bearer, empty for nobody."""
        return self._token

    def answer(self, query: str, **variables: Any) -> Any:
        """The whole answer, errors included, decimals exact. Raises SeedError where there is none."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            given = self.http.post(
                self.api_url, json={"query": query, "variables": variables}, headers=headers
            )
        except httpx.HTTPError as error:
            raise SeedError(f"Nobody answers at {self.api_url}: {error or type(error).__name__}") from error
        try:
            body = loads(given.content, parse_float=Decimal)
        except ValueError:
            body = None
        if not isinstance(body, dict) or not ("data" in body or "errors" in body):
            raise SeedError(f"{self.api_url} answers {given.status_code}, and not as a Saleor does.")
        return body

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """One operation's data. Raises SeedError with Saleor's own words."""
        answer = self.answer(query, **variables)
        if answer.get("errors"):
            raise SeedError(f"Saleor: {answer['errors'][0]['message']}")
        return dict(answer["data"])

    def change(self, mutation: str, **variables: Any) -> dict[str, Any]:
        """One mutation's payload. Raises SeedError with its first error."""
        (payload,) = self.ask(mutation, **variables).values()
        if payload["errors"]:
            first = payload["errors"][0]
            where = f" ({first['field']})" if first.get("field") else ""
            codes = [one["code"] for one in payload["errors"] if one.get("code")]
            raise SeedError(f"Saleor: {first.get('message') or first.get('code')}{where}", codes)
        return dict(payload)


class Account(Caller):
    """A customer or a member of staff, signed in when first needed and again before the token ends."""

    def __init__(
        self,
        api_url: str,
        email: str,
        password: str,
        client: httpx.Client | None = None,
        *,
        through: str = "",
    ) -> None:
        super().__init__(api_url, "", client)
        #: The token of an App, by which people sign in where Saleor lets no storefront in.
        self._through = through
        self.email = email
        self._password = password
        self._until = 0.0

    def __repr__(self) -> str:
        return f"<{self.email} at {self.api_url}>"

    @property
    def token(self) -> str:
        """A token that is good for a while yet. Raises SeedError where Saleor does not let them in."""
        if time.monotonic() > self._until:
            self._token = self._signed_in()
            self._until = time.monotonic() + TOKEN_SECONDS
        return self._token

    def sign_in_again(self) -> None:
        """The token in hand is good no more."""
        self._until = 0.0

    def _signed_in(self) -> str:
        deadline = time.monotonic() + PATIENCE
        while True:
            nobody = Caller(self.api_url, self._through, self.http)
            made = nobody.ask(SIGN_IN, e=self.email, p=self._password)["tokenCreate"]
            if made["token"]:
                return str(made["token"])
            error = made["errors"][0]
            if error["code"] != "LOGIN_ATTEMPT_DELAYED" or time.monotonic() > deadline:
                raise SeedError(f"Saleor does not let {self.email} in: {error['message']}", [error["code"]])
            time.sleep(1)
