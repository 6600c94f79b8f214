"""Holds the extensions by code and the bound ports; refuses doubles at start and says plainly what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Generic, TypeVar

from loyalty_plugin.domain import extensions
from loyalty_plugin.domain.ports import Catalogue, Clock, Connection, Delivery, Storefront
from loyalty_plugin.errors import DuplicateExtension, UnknownExtension

T = TypeVar("T")
#: The decorated class keeps its own type, and need not repeat the contract's ClassVars.
C = TypeVar("C", bound=type)


class Registry(Generic[T]):
    """Extensions of one kind, by code. Codes are unique over all installed apps."""

    def __init__(self, kind: str, contract: Any) -> None:
        self.kind = kind
        self.contract = contract
        self._by_code: dict[str, T] = {}

    def register(self, extension: C) -> C:
        """Class decorator. Raises DuplicateExtension, and TypeError where the contract is not met."""
        made: Any = extension()
        meets = isinstance(made, self.contract)
        if not meets:
            raise TypeError(f"{extension.__module__}.{extension.__qualname__} is not a {self.kind}")
        code = made.code
        known = self._by_code.get(code)
        if known is not None and type(known) is not extension:
            raise DuplicateExtension(
                f"{self.kind} '{code}' is registered by {type(known).__module__} and {extension.__module__}",
                kind=self.kind,
                code=code,
            )
        self._by_code[code] = made
        return extension

    def get(self, code: str) -> T:
        """The extension of this code. Raises UnknownExtension."""
        try:
            return self._by_code[code]
        except KeyError:
            raise UnknownExtension(
                f"no {self.kind} '{code}' is installed", kind=self.kind, code=code
            ) from None

    def withdraw(self, code: str) -> None:
        """Forget an extension: for tests and for shells, where an app comes and goes."""
        self._by_code.pop(code, None)

    def __contains__(self, code: object) -> bool:
        return code in self._by_code

    def __iter__(self) -> Iterator[T]:
        return iter(self._by_code.values())

    def codes(self) -> list[str]:
        """Registered codes, sorted."""
        return sorted(self._by_code)


rules: Registry[extensions.EarningRule] = Registry("earning rule", extensions.EarningRule)
multipliers: Registry[extensions.Multiplier] = Registry("multiplier", extensions.Multiplier)
perks: Registry[extensions.Perk] = Registry("perk", extensions.Perk)
rewards: Registry[extensions.Reward] = Registry("reward", extensions.Reward)
channels: Registry[extensions.Channel] = Registry("channel", extensions.Channel)
card_designs: Registry[extensions.CardDesign] = Registry("card design", extensions.CardDesign)
panels: Registry[extensions.Panel] = Registry("panel", extensions.Panel)

KINDS: dict[str, Registry[Any]] = {
    r.kind: r for r in (rules, multipliers, perks, rewards, channels, card_designs, panels)
}


class _Ports:
    """The bound ports. Each raises RuntimeError until `bind` was called, which `apps` does at start."""

    def __init__(self) -> None:
        self._clock: Clock | None = None
        self._storefront: Storefront | None = None
        self._connection: Connection | None = None
        self._delivery: Delivery | None = None
        self._catalogue: Catalogue | None = None

    def bound(self, name: str) -> bool:
        """Whether a host has bound this port already."""
        return getattr(self, f"_{name}") is not None

    @property
    def clock(self) -> Clock:
        if self._clock is None:
            raise RuntimeError("no clock is bound; is loyalty_plugin in INSTALLED_APPS?")
        return self._clock

    @property
    def storefront(self) -> Storefront:
        if self._storefront is None:
            raise RuntimeError("no storefront is bound; is loyalty_plugin in INSTALLED_APPS?")
        return self._storefront

    @property
    def connection(self) -> Connection:
        if self._connection is None:
            raise RuntimeError("no connection is bound; is loyalty_plugin in INSTALLED_APPS?")
        return self._connection

    @property
    def delivery(self) -> Delivery:
        if self._delivery is None:
            raise RuntimeError("no delivery is bound; is loyalty_plugin in INSTALLED_APPS?")
        return self._delivery

    @property
    def catalogue(self) -> Catalogue:
        if self._catalogue is None:
            raise RuntimeError("no catalogue is bound; is loyalty_plugin in INSTALLED_APPS?")
        return self._catalogue


ports = _Ports()


def bind(
    *,
    clock: Clock | None = None,
    storefront: Storefront | None = None,
    connection: Connection | None = None,
    delivery: Delivery | None = None,
    catalogue: Catalogue | None = None,
) -> None:
    """Bind a port; the last binding wins, so that a host or a test may put its own in place."""
    if clock is not None:
        ports._clock = clock
    if storefront is not None:
        ports._storefront = storefront
    if connection is not None:
        ports._connection = connection
    if delivery is not None:
        ports._delivery = delivery
    if catalogue is not None:
        ports._catalogue = catalogue
