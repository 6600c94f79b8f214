"""Reads the stand-in's options from the environment; decides no behaviour itself."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """How this stand-in runs.

    `url` is what Saleor calls itself in tokens (`iss`) and webhooks (`Saleor-Api-Url`), without a path.
    `retry_scale` multiplies the measured pauses between delivery attempts, `access_seconds` is the life of
    a customer's access token, `instant` switches the measured delays off.
    """

    database_url: str
    url: str = "http://127.0.0.1:8001"
    instant: bool = False
    retry_scale: float = 1.0
    access_seconds: int = 300
    delivery_threads: int = 4
    seed: int = 1

    @classmethod
    def from_env(cls) -> Options:
        env = os.environ
        return cls(
            database_url=env["STANDIN_DATABASE_URL"],
            url=env.get("STANDIN_URL", cls.url).rstrip("/"),
            instant=env.get("STANDIN_INSTANT", "") not in ("", "0"),
            retry_scale=float(env.get("STANDIN_RETRY_SCALE", "1")),
            access_seconds=int(env.get("STANDIN_ACCESS_SECONDS", "300")),
            delivery_threads=int(env.get("STANDIN_DELIVERY_THREADS", "4")),
            seed=int(env.get("STANDIN_SEED", "1")),
        )

    @property
    def api_url(self) -> str:
        return f"{self.url}/graphql/"

    @property
    def domain(self) -> str:
        return self.url.split("://", 1)[1]
