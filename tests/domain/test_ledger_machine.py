"""A member's books under any sequence of acts, held against an oracle that keeps every single point as a token."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

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
    Plan,
    Release,
    TakeBack,
)
from loyalty_plugin.domain.ledger import (
    POINTS,
    QUALIFYING,
    Account,
    Balance,
    Books,
    Kind,
    Posting,
    Shortfall,
)
from loyalty_plugin.domain.settlement import settle
from loyalty_plugin.errors import InsufficientPoints, InvalidAmount, LotUnavailable, LoyaltyError
from tests.domain.ledger_oracle import MEMBER, Oracle, Refused

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
amounts = st.integers(1, 25)
shortfalls = st.sampled_from(Shortfall)
picks = st.lists(st.integers(0, 30), min_size=1, max_size=3)


def plan(*intents: Intent) -> Plan:
    return Plan("key", b"", Kind.ADJUST, 1, 1, 1, BEGIN, intents)


class LedgerMachine(RuleBasedStateMachine):
    """Acts in any order, days passing; the books and the oracle go through the same."""

    @initialize()
    def open(self) -> None:
        self.books = Books()
        self.oracle = Oracle()
        self.postings: list[Posting] = []
        self.now = BEGIN
        self.counted = 0

    def act(self, *intents: Intent) -> None:
        before = self.books.copy()
        copy, oracle = self.books.copy(), self.oracle.copy()
        try:
            for intent in intents:
                oracle.do(intent)
        except Refused:
            oracle = self.oracle
            refused = True
        else:
            refused = False
        last = max(self.oracle.terms, default=0)
        asked = plan(*intents)
        try:
            settled = settle(asked, copy, list(range(last + 1, last + 1 + asked.opens)))
        except (InsufficientPoints, LotUnavailable):
            assert refused
            assert self.books == before, "a refusal on a copy leaves the books as they were"
            return
        assert not refused
        self.books, self.oracle = copy, oracle
        self.postings += settled.postings
        for new in settled.lots:
            received = sum(
                p.amount for p in settled.postings if p.destination_lot == new.id and p.source_lot is None
            )
            assert new.amount == received
            assert oracle.terms[new.id] == (new.matures_at, new.expires_at)

    def lots(self, numbers: Sequence[int]) -> tuple[int, ...]:
        known = sorted(self.oracle.terms)
        return tuple(dict.fromkeys(known[number % len(known)] for number in numbers))

    @rule(
        amount=amounts,
        matures=st.none() | st.integers(1, 20),
        expires=st.none() | st.integers(1, 60),
        needs_verification=st.booleans(),
        waits=st.booleans(),
    )
    def award(
        self, amount: int, matures: int | None, expires: int | None, needs_verification: bool, waits: bool
    ) -> None:
        at = None if matures is None else self.now + timedelta(days=matures)
        end = None if expires is None else self.now + timedelta(days=expires)
        self.act(Award(POINTS, amount, at, end, needs_verification=needs_verification, waits=waits))

    @rule(amount=amounts, expires=st.none() | st.integers(1, 60))
    def award_at_once(self, amount: int, expires: int | None) -> None:
        end = None if expires is None else self.now + timedelta(days=expires)
        self.act(Award(POINTS, amount, None, end))

    @rule(days=st.integers(1, 15))
    def days_pass(self, days: int) -> None:
        """What is mature becomes available, then what is over expires."""
        self.now += timedelta(days=days)
        ripe = tuple(lot for lot, (at, _) in self.oracle.terms.items() if at is not None and at <= self.now)
        over = tuple(
            lot for lot, (_, end) in self.oracle.terms.items() if end is not None and end <= self.now
        )
        held = self.books.balance(POINTS).held
        if ripe:
            self.act(Mature(POINTS, ripe))
        if over:
            self.act(Expire(POINTS, over))
            assert all(not self.books.lots[lot].pending + self.books.lots[lot].available for lot in over)
        assert self.books.balance(POINTS).held == held, "what is held for a checkout does not expire"

    @rule(amount=amounts, shortfall=shortfalls)
    def consume(self, amount: int, shortfall: Shortfall) -> None:
        self.act(Consume(POINTS, amount, shortfall=shortfall))

    @rule()
    def clear(self) -> None:
        self.act(ConsumeAll(POINTS))

    @rule(amount=amounts)
    def hold(self, amount: int) -> None:
        self.act(Hold(POINTS, amount))

    @precondition(lambda self: self.oracle.terms)
    @rule(numbers=picks, amount=amounts, capture=st.booleans())
    def end_hold(self, numbers: list[int], amount: int, capture: bool) -> None:
        portions = tuple(
            (lot, min(amount, len(self.oracle.place(lot, Account.HELD)) or 1)) for lot in self.lots(numbers)
        )
        self.act(Capture(POINTS, portions) if capture else Release(POINTS, portions))

    @precondition(lambda self: self.oracle.terms)
    @rule(numbers=picks, amount=amounts, lapsed=st.integers(0, 5))
    def give_back(self, numbers: list[int], amount: int, lapsed: int) -> None:
        self.act(GiveBack(POINTS, tuple((lot, amount) for lot in self.lots(numbers)), lapsed))

    @precondition(lambda self: self.oracle.terms)
    @rule(numbers=picks, amount=amounts, shortfall=shortfalls)
    def take_back(self, numbers: list[int], amount: int, shortfall: Shortfall) -> None:
        self.act(TakeBack(POINTS, amount, self.lots(numbers), shortfall))

    @precondition(lambda self: self.oracle.terms)
    @rule(numbers=picks)
    def mature_early(self, numbers: list[int]) -> None:
        self.act(Mature(POINTS, self.lots(numbers)))

    @rule(award=amounts, take=amounts, hold=amounts)
    def several_intents_are_one_act(self, award: int, take: int, hold: int) -> None:
        """The last may be refused; then nothing of the others stands."""
        self.act(
            TakeBack(POINTS, take, (), Shortfall.OWE),
            Award(POINTS, award, None, self.now + timedelta(days=30)),
            Hold(POINTS, hold),
        )

    @rule(
        unknown=st.sampled_from(
            [
                Mature(POINTS, (999,)),
                Expire(POINTS, (999,)),
                Capture(POINTS, ((999, 1),)),
                GiveBack(POINTS, ((999, 1),)),
            ]
        )
    )
    def an_unknown_lot_is_refused(self, unknown: Intent) -> None:
        self.refuse(unknown, LotUnavailable)

    @rule(amount=st.sampled_from([0, -1, 10**17, True, 2.0]))
    def an_amount_that_is_none_is_refused(self, amount: int) -> None:
        for intent in (
            Award(POINTS, amount),
            Consume(POINTS, amount),
            Hold(POINTS, amount),
            TakeBack(POINTS, amount),
        ):
            self.refuse(intent, InvalidAmount)

    def refuse(self, intent: Intent, error: type[LoyaltyError]) -> None:
        before, copy = self.books.copy(), self.books.copy()
        try:
            settle(plan(intent), copy, [10_000])
        except error:
            assert self.books == before
        else:
            raise AssertionError(f"{intent} was not refused")

    # qualifying points have no lots

    @rule(amount=amounts)
    def award_qualifying(self, amount: int) -> None:
        self.postings += settle(plan(Award(QUALIFYING, amount)), self.books, ()).postings
        self.counted += amount

    @rule(amount=amounts)
    def take_qualifying_back(self, amount: int) -> None:
        settled = settle(plan(TakeBack(QUALIFYING, amount, (), Shortfall.OWE)), self.books, ())
        self.postings += settled.postings
        self.counted -= amount

    @invariant()
    def qualifying_is_the_sum_of_what_came_and_went(self) -> None:
        balance = self.books.balance(QUALIFYING)
        assert balance.available + balance.owed == self.counted
        assert not (balance.available and balance.owed), "what is owed is repaid before anything is available"

    @invariant()
    def balances_and_lots_are_the_oracles(self) -> None:
        places = Counter((token.lot, token.account) for token in self.oracle.tokens)
        for lot_id, lot in self.books.lots.items():
            for account in MEMBER:
                left = getattr(lot, account.value)
                assert left == places.pop((lot_id, account), 0)
                assert left >= 0
        assert not places
        sums = {
            account: sum(getattr(lot, account.value) for lot in self.books.lots.values())
            for account in MEMBER
        }
        balance = self.books.balance(POINTS)
        assert balance == Balance(
            sums[Account.PENDING],
            sums[Account.AVAILABLE],
            sums[Account.HELD],
            -self.oracle.owed,
            self.oracle.earned,
        )

    @invariant()
    def signs_hold(self) -> None:
        for balance in self.books.balances.values():
            assert min(balance.pending, balance.available, balance.held) >= 0
            assert balance.owed <= 0

    @invariant()
    def balances_and_lots_are_sums_of_postings(self) -> None:
        accounts: Counter[tuple[str, Account]] = Counter()
        lots: Counter[tuple[int, Account]] = Counter()
        for one in self.postings:
            assert one.amount > 0
            assert one.source is not one.destination
            accounts[one.unit, one.source] -= one.amount
            accounts[one.unit, one.destination] += one.amount
            for account, lot, amount in (
                (one.source, one.source_lot, -one.amount),
                (one.destination, one.destination_lot, one.amount),
            ):
                assert (lot is not None) == (one.unit == POINTS and account in MEMBER)
                if lot is not None:
                    lots[lot, account] += amount
        assert sum(accounts.values()) == 0
        for unit in (POINTS, QUALIFYING):
            balance = self.books.balance(unit)
            for account in (*MEMBER, Account.OWED):
                assert accounts[unit, account] == getattr(balance, account.value)
        for lot_id, lot in self.books.lots.items():
            for account in MEMBER:
                assert lots[lot_id, account] == getattr(lot, account.value)
        system = {
            account: n for (unit, account), n in accounts.items() if unit == POINTS and account not in MEMBER
        }
        system.pop(Account.OWED, None)
        assert Counter(system) == self.oracle.gone, "nothing is lost: all that left the member is somewhere"


TestLedgerMachine = LedgerMachine.TestCase
