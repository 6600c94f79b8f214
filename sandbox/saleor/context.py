"""Carries one call: who asks, what they may do, what was read already; the rights follow Saleor's, its wording too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .clock import iso
from .pace import Pace
from .store import Doc, Shelves, Tx

if TYPE_CHECKING:
    from .standin import Standin


class PermissionDenied(Exception):
    """Shown to the caller as `extensions.exception.code: PermissionDenied`, under HTTP 200."""

    def __init__(self, *permissions: str, message: str = "") -> None:
        if not message:
            names = ", ".join(permissions)
            message = f"To access this path, you need one of the following permissions: {names}"
        super().__init__(message)


class Refused(Exception):
    """A mutation's typed error: it ends in the `errors` of the answer and rolls the change back."""

    def __init__(self, field: str | None, code: str, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.error = {"field": field, "code": code, "message": message, **extra}


@dataclass(frozen=True)
class Requestor:
    """A customer or staff member (`kind` "user") or an App (`kind` "app")."""

    kind: str
    doc: Doc
    permissions: frozenset[str] = frozenset()

    def has(self, *permissions: str) -> bool:
        return bool(self.doc.get("isSuperuser")) or any(p in self.permissions for p in permissions)

    @property
    def is_staff(self) -> bool:
        return self.kind == "user" and bool(self.doc.get("isStaff"))

    @property
    def principal(self) -> Doc:
        return {"kind": self.kind, "id": self.doc["id"]}


@dataclass
class Context:
    """What resolvers get as `info.context`."""

    standin: Standin
    requestor_of: Callable[[], Requestor | None]
    pace: Pace
    ip: str = ""
    at: datetime | None = None
    query_text: str = ""
    memo: dict[Any, Any] = field(default_factory=dict)
    in_event: bool = False
    #: For the body of a question: what the answer may change can't be shown.
    asking: bool = False
    #: What happens is announced otherwise, or not at all.
    quiet: bool = False
    tx: Tx | None = None

    @property
    def requestor(self) -> Requestor | None:
        """None for anonymous callers, which a dead App token makes one; raises for a broken or old JWT."""
        if "requestor" not in self.memo:
            self.memo["requestor"] = self.requestor_of()
        found: Requestor | None = self.memo["requestor"]
        return found

    @property
    def user(self) -> Doc | None:
        r = self.requestor
        return r.doc if r and r.kind == "user" else None

    @property
    def app(self) -> Doc | None:
        r = self.requestor
        return r.doc if r and r.kind == "app" else None

    def has(self, *permissions: str) -> bool:
        return bool(self.requestor and self.requestor.has(*permissions))

    def require(self, *permissions: str) -> Requestor:
        """The requestor, who has one of the permissions; AUTHENTICATED_* and OWNER are Saleor's wording."""
        r = self.requestor
        if r and (
            r.has(*(p for p in permissions if not p.startswith("AUTHENTICATED")))
            or ("AUTHENTICATED_APP" in permissions and r.kind == "app")
            or ("AUTHENTICATED_USER" in permissions and r.kind == "user")
            or ("AUTHENTICATED_STAFF_USER" in permissions and r.is_staff)
        ):
            return r
        raise PermissionDenied(*permissions)

    def now(self) -> str:
        return iso(self.at or self.standin.clock.now())

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """One transaction; what was read before is forgotten, the builder of events is woken after commit."""
        with self.standin.store.write() as tx:
            self.tx = tx
            try:
                yield tx
            finally:
                self.tx = None
        self.forget()
        self.standin.events.wake()

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """The running transaction, so that a call needs one connection; else what is committed."""
        if self.tx is not None:
            yield self.tx
        else:
            with self.standin.store.read() as tx:
                yield tx

    def forget(self) -> None:
        for key in [k for k in self.memo if k != "requestor"]:
            del self.memo[key]

    def get(self, kind: str, key: str | None) -> Doc | None:
        if key is None:
            return None
        if kind in Shelves.KINDS:
            return self._shelf(kind).get(key)
        if (kind, key) not in self.memo:
            with self.read() as tx:
                self.memo[kind, key] = tx.get(kind, key)
        found: Doc | None = self.memo[kind, key]
        return found

    def _shelf(self, kind: str) -> dict[str, Doc]:
        shelves = self.standin.store.shelves
        age, kept = shelves.age, shelves.get(kind)
        if kept is None:
            # Read outside of a running transaction: what it may still roll back must not be kept.
            with self.standin.store.read() as tx:
                kept = shelves.put(kind, tx.find(kind), age)
        return kept

    def prefetch(self, kind: str, keys: set[str]) -> None:
        missing = [k for k in keys if (kind, k) not in self.memo]
        if missing:
            with self.read() as tx:
                found = {d["id"]: d for d in tx.many(kind, missing)}
            self.memo.update({(kind, k): found.get(k) for k in missing})

    def find(self, kind: str, **fields: str) -> list[Doc]:
        if kind in Shelves.KINDS:
            docs = self._shelf(kind).values()
            return [d for d in docs if all(d.get(name) == value for name, value in fields.items())]
        key = ("find", kind, *sorted(fields.items()))
        if key not in self.memo:
            with self.read() as tx:
                self.memo[key] = tx.find(kind, **fields)
        found: list[Doc] = self.memo[key]
        return found

    def emit(self, tx: Tx, name: str, **subject: Any) -> None:
        """Announce an event when this transaction commits; `subject` names documents by kind."""
        if self.quiet:
            return
        principal = self.requestor.principal if self.requestor else None
        self.standin.events.emit(tx, name, subject, principal, self.now())
