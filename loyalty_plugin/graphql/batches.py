"""Loads at once what many fields of one answer ask for one by one; knows nothing of what it loads."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Batch(Generic[Key, Value]):
    """What a dataloader is where nothing is awaited: keys are named first, and the first that is wanted loads all.

    A failure to load is remembered, too, so that a shop that does not answer is waited for once and not a hundred times.
    """

    def __init__(self, load: Callable[[list[Key]], Mapping[Key, Value]]) -> None:
        self._load = load
        self._named: dict[Key, None] = {}
        self._known: dict[Key, Value | None] = {}
        self._failed: dict[Key, Exception] = {}

    def name(self, key: Key) -> None:
        """Say that this key is going to be wanted."""
        if key not in self._known and key not in self._failed:
            self._named[key] = None

    def get(self, key: Key) -> Value | None:
        """What is behind the key, None where there is nothing. Raises what loading raised."""
        self.name(key)
        if self._named and key in self._named:
            wanted, self._named = list(self._named), {}
            try:
                found = self._load(wanted)
            except Exception as error:
                self._failed.update(dict.fromkeys(wanted, error))
            else:
                self._known.update({one: found.get(one) for one in wanted})
        if key in self._failed:
            raise self._failed[key]
        return self._known[key]
