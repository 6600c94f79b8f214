"""A member's books kept as single points, so plainly that nobody need reckon; what the ledger is held against."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from loyalty_plugin.domain.intents import (
    Award,
    Capture,
    Consume,
    ConsumeAll,
    Expire,
    GiveBack,
    Hold,
    Intent,
    Mature,
    Release,
    TakeBack,
)
from loyalty_plugin.domain.ledger import (
    Account,
    Shortfall,
)

MEMBER = (Account.PENDING, Account.AVAILABLE, Account.HELD)


class Refused(Exception):
    """The oracle would not do it."""


@dataclass(eq=False)  # each point is itself: one of the same kind must not be removed in its place
class Token:
    """One point."""

    lot: int
    account: Account


@dataclass
class Oracle:
    """Points one by one; no amounts are added or taken, tokens are moved and dropped."""

    tokens: list[Token] = field(default_factory=list)
    terms: dict[int, tuple[datetime | None, datetime | None]] = field(default_factory=dict)
    owed: int = 0
    earned: int = 0
    gone: Counter[Account] = field(default_factory=Counter)

    def place(self, lot: int, account: Account) -> list[Token]:
        return [token for token in self.tokens if token.lot == lot and token.account is account]

    def available(self) -> list[Token]:
        """Soonest expiry first, never last, then the older lot."""
        far = datetime.max.replace(tzinfo=UTC)
        found = [token for token in self.tokens if token.account is Account.AVAILABLE]
        return sorted(found, key=lambda token: (self.terms[token.lot][1] or far, token.lot))

    def drop(self, tokens: Sequence[Token], to: Account) -> None:
        for token in tokens:
            self.tokens.remove(token)
            self.gone[to] += 1

    def repay(self, tokens: list[Token]) -> list[Token]:
        """What is left of new points after what is owed."""
        while tokens and self.owed:
            self.tokens.remove(tokens.pop())
            self.owed -= 1
        return tokens

    def missing(self, number: int, to: Account, shortfall: Shortfall) -> None:
        if number and shortfall is Shortfall.REFUSE:
            raise Refused
        self.gone[to] += number
        if shortfall is Shortfall.OWE:
            self.owed += number
        else:
            self.gone[Account.WRITTEN_OFF] -= number

    def do(self, intent: Intent) -> None:
        match intent:
            case Award(amount=amount):
                self.earned += amount
                self.gone[Account.ISSUANCE] -= amount
                lot = max(self.terms, default=0) + 1
                new = [
                    Token(lot, Account.PENDING if intent.pending else Account.AVAILABLE)
                    for _ in range(amount)
                ]
                self.tokens += new
                if (new if intent.pending else self.repay(new)) or amount == 0:
                    self.terms[lot] = (intent.matures_at, intent.expires_at)
            case Mature(lots=lots):
                for lot in lots:
                    for token in self.repay(self.place(lot, Account.PENDING)):
                        token.account = Account.AVAILABLE
            case Consume(amount=amount, to=to, shortfall=shortfall):
                taken = self.available()[:amount]
                self.drop(taken, to)
                self.missing(amount - len(taken), to, shortfall)
            case ConsumeAll(to=to):
                self.drop([token for token in self.tokens if token.account is not Account.HELD], to)
            case Hold(amount=amount):
                taken = self.available()[:amount]
                if len(taken) < amount:
                    raise Refused
                for token in taken:
                    token.account = Account.HELD
            case Capture(portions=portions, to=to):
                for lot, number in portions:
                    self.drop(self.some(lot, number), to)
            case Release(portions=portions):
                for lot, number in portions:
                    for token in self.repay(self.some(lot, number)):
                        token.account = Account.AVAILABLE
            case GiveBack(portions=portions, lapsed=lapsed):
                for lot, number in portions:
                    if lot not in self.terms:
                        raise Refused
                    new = [Token(lot, Account.AVAILABLE) for _ in range(number)]
                    self.tokens += new
                    self.gone[Account.REDEEMED] -= number
                    self.repay(new)
                self.gone[Account.REDEEMED] -= lapsed
                self.gone[Account.EXPIRED] += lapsed
            case Expire(lots=lots, to=to):
                for lot in lots:
                    self.drop(self.place(lot, Account.PENDING) + self.place(lot, Account.AVAILABLE), to)
            case TakeBack(amount=amount, lots=lots, shortfall=shortfall, to=to):
                own = [
                    t
                    for account in MEMBER[:2]
                    for lot in dict.fromkeys(lots)
                    for t in self.place(lot, account)
                ]
                self.drop(own[:amount], to)
                left = amount - len(own[:amount])
                if shortfall is not Shortfall.WRITE_OFF:
                    others = self.available()[:left]
                    self.drop(others, to)
                    left -= len(others)
                self.missing(left, to, shortfall)
                self.earned -= amount

    def some(self, lot: int, number: int) -> list[Token]:
        held = self.place(lot, Account.HELD)
        if len(held) < number:
            raise Refused
        return held[:number]

    def copy(self) -> Oracle:
        tokens = [Token(token.lot, token.account) for token in self.tokens]
        return Oracle(tokens, dict(self.terms), self.owed, self.earned, Counter(self.gone))
