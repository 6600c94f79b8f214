"""Turns what an act intends into postings and lot changes, or refuses; pure arithmetic, never IO."""

from __future__ import annotations

from collections.abc import Sequence

from loyalty_plugin.domain.intents import (
    Award,
    Capture,
    Consume,
    ConsumeAll,
    Expire,
    GiveBack,
    Hold,
    Mature,
    Plan,
    Release,
    TakeBack,
)
from loyalty_plugin.domain.ledger import (
    LOTLESS,
    Account,
    Balance,
    Books,
    Lot,
    NewLot,
    Posting,
    Settled,
    Shortfall,
)
from loyalty_plugin.domain.values import check_amount
from loyalty_plugin.errors import InsufficientPoints, InvalidInput, LotUnavailable


class _Settlement:
    """Collects postings and keeps the books in step with them."""

    def __init__(self, books: Books, lot_ids: Sequence[int]) -> None:
        self.books = books
        self.ids = list(reversed(lot_ids))
        self.postings: list[Posting] = []
        self.new: list[NewLot] = []

    def move(
        self,
        unit: str,
        source: Account,
        destination: Account,
        amount: int,
        source_lot: int | None = None,
        destination_lot: int | None = None,
    ) -> None:
        if amount == 0:
            return
        self.postings.append(Posting(unit, source, destination, amount, source_lot, destination_lot))
        left = self.books.balance(unit)
        pending, available, held, owed = left.pending, left.available, left.held, left.owed
        for account, signed, lot_id in (
            (source, -amount, source_lot),
            (destination, amount, destination_lot),
        ):
            if account is Account.PENDING:
                pending += signed
            elif account is Account.AVAILABLE:
                available += signed
            elif account is Account.HELD:
                held += signed
            elif account is Account.OWED:
                owed += signed
            if lot_id is not None:
                self.change_lot(lot_id, account, signed)
        earned = left.earned
        if source is Account.ISSUANCE:
            earned += amount
        elif destination is Account.ISSUANCE:
            earned -= amount
        self.books.balances[unit] = Balance(pending, available, held, owed, earned).check()

    def change_lot(self, lot_id: int, account: Account, signed: int) -> None:
        lot = self.books.lots[lot_id]
        pending, available, held = lot.pending, lot.available, lot.held
        if account is Account.PENDING:
            pending += signed
        elif account is Account.AVAILABLE:
            available += signed
        else:
            held += signed
        if pending < 0 or available < 0 or held < 0:
            raise LotUnavailable(lot=lot_id, account=account.value, asked=-signed)
        # Not `replace`: a night makes millions of these.
        self.books.lots[lot_id] = Lot(
            lot_id,
            lot.unit,
            pending,
            available,
            held,
            lot.matures_at,
            lot.expires_at,
            lot.needs_verification,
        )
        self.books.changed_lots.add(lot_id)

    def lot(self, unit: str, lot_id: int) -> Lot:
        lot = self.books.lots.get(lot_id)
        if lot is None or lot.unit != unit:
            raise LotUnavailable(lot=lot_id)
        return lot

    def repay(self, unit: str, source: Account, amount: int, lot_id: int | None = None) -> int:
        """Use the amount to repay what is owed; what remains of it."""
        repaid = min(-self.books.balance(unit).owed, amount)
        self.move(unit, source, Account.OWED, repaid, source_lot=lot_id)
        return amount - repaid

    def shortfall(self, unit: str, missing: int, to: Account, policy: Shortfall) -> None:
        if missing == 0:
            return
        if policy is Shortfall.REFUSE:
            balance = self.books.balance(unit)
            raise InsufficientPoints(unit=unit, missing=missing, available=balance.available)
        if policy is Shortfall.OWE:
            self.move(unit, Account.OWED, to, missing)
        else:
            self.move(unit, Account.WRITTEN_OFF, to, missing)

    def take_available(self, unit: str, amount: int, to: Account, *, keep_lot: bool = False) -> int:
        """Take up to `amount` from available lots; what could not be taken."""
        for lot in self.books.lots_of(unit):
            if amount == 0:
                break
            taken = min(lot.available, amount)
            self.move(unit, Account.AVAILABLE, to, taken, lot.id, lot.id if keep_lot else None)
            amount -= taken
        return amount

    # one method an intent

    def award(self, intent: Award) -> None:
        check_amount(intent.amount, zero=False)
        unit, into = intent.unit, Account.PENDING if intent.pending else Account.AVAILABLE
        covered = min(intent.written_off, intent.amount)
        self.move(unit, intent.source, Account.WRITTEN_OFF, covered)
        amount = intent.amount - covered
        if into is Account.AVAILABLE:
            amount = self.repay(unit, intent.source, amount)
        if amount == 0:
            return
        if unit in LOTLESS:
            self.move(unit, intent.source, into, amount)
            return
        lot_id = self.ids.pop()
        self.books.lots[lot_id] = Lot(
            lot_id,
            unit,
            matures_at=intent.matures_at,
            expires_at=intent.expires_at,
            needs_verification=intent.needs_verification,
        )
        self.new.append(
            NewLot(
                lot_id,
                unit,
                amount,
                intent.matures_at,
                intent.expires_at,
                intent.origin_lot,
                intent.needs_verification,
            )
        )
        self.move(unit, intent.source, into, amount, destination_lot=lot_id)

    def mature(self, intent: Mature) -> None:
        for lot_id in intent.lots:
            lot = self.lot(intent.unit, lot_id)
            if not lot.pending:
                continue
            rest = self.repay(intent.unit, Account.PENDING, lot.pending, lot_id)
            self.move(intent.unit, Account.PENDING, Account.AVAILABLE, rest, lot_id, lot_id)

    def consume(self, intent: Consume) -> None:
        check_amount(intent.amount, zero=False)
        if intent.unit in LOTLESS:
            taken = min(self.books.balance(intent.unit).available, intent.amount)
            self.move(intent.unit, Account.AVAILABLE, intent.to, taken)
            missing = intent.amount - taken
        else:
            missing = self.take_available(intent.unit, intent.amount, intent.to)
        self.shortfall(intent.unit, missing, intent.to, intent.shortfall)

    def consume_all(self, intent: ConsumeAll) -> None:
        for lot in self.books.lots_of(intent.unit):
            self.move(intent.unit, Account.PENDING, intent.to, lot.pending, lot.id)
            self.move(intent.unit, Account.AVAILABLE, intent.to, lot.available, lot.id)

    def hold(self, intent: Hold) -> None:
        check_amount(intent.amount, zero=False)
        missing = self.take_available(intent.unit, intent.amount, Account.HELD, keep_lot=True)
        self.shortfall(intent.unit, missing, Account.HELD, Shortfall.REFUSE)

    def capture(self, intent: Capture) -> None:
        for lot_id, amount in intent.portions:
            self.lot(intent.unit, lot_id)
            self.move(intent.unit, Account.HELD, intent.to, check_amount(amount, zero=False), lot_id)

    def release(self, intent: Release) -> None:
        for lot_id, amount in intent.portions:
            self.lot(intent.unit, lot_id)
            # What was taken back meanwhile could not reach what was held, and may be owed since.
            rest = self.repay(intent.unit, Account.HELD, check_amount(amount, zero=False), lot_id)
            self.move(intent.unit, Account.HELD, Account.AVAILABLE, rest, lot_id, lot_id)

    def give_back(self, intent: GiveBack) -> None:
        for lot_id, amount in intent.portions:
            self.lot(intent.unit, lot_id)
            rest = self.repay(intent.unit, Account.REDEEMED, check_amount(amount, zero=False))
            self.move(intent.unit, Account.REDEEMED, Account.AVAILABLE, rest, destination_lot=lot_id)
        self.move(intent.unit, Account.REDEEMED, Account.EXPIRED, check_amount(intent.lapsed))

    def expire(self, intent: Expire) -> None:
        for lot_id in intent.lots:
            lot = self.lot(intent.unit, lot_id)
            self.move(intent.unit, Account.PENDING, intent.to, lot.pending, lot_id)
            self.move(intent.unit, Account.AVAILABLE, intent.to, lot.available, lot_id)

    def take_back(self, intent: TakeBack) -> None:
        left = check_amount(intent.amount, zero=False)
        if intent.unit in LOTLESS:
            taken = min(self.books.balance(intent.unit).available, left)
            self.move(intent.unit, Account.AVAILABLE, intent.to, taken)
            left -= taken
        else:
            lots = (*intent.lots, *(lot.id for lot in self.new if lot.unit == intent.unit))
            for account in (Account.PENDING, Account.AVAILABLE):
                for lot_id in lots:
                    lot = self.books.lots.get(lot_id)
                    if lot is None:
                        continue  # used up: only lots with something left are read
                    taken = min(getattr(lot, account.value), left)
                    self.move(intent.unit, account, intent.to, taken, lot_id)
                    left -= taken
            for ended, amount in ((Account.EXPIRED, intent.expired), (Account.CLEARED, intent.cleared)):
                taken = min(amount, left)
                self.move(intent.unit, ended, intent.to, taken)
                left -= taken
            if left and intent.shortfall is not Shortfall.WRITE_OFF:
                left = self.take_available(intent.unit, left, intent.to)
        self.shortfall(intent.unit, left, intent.to, intent.shortfall)


def settle(plan: Plan, books: Books, lot_ids: Sequence[int]) -> Settled:
    """The postings and lots of one plan; the books are moved on in step.

    `lot_ids` are as many fresh ids as `plan.opens`. On refusal the books are unusable: settle on a copy.
    Raises InsufficientPoints, LotUnavailable, InvalidAmount.
    """
    settlement = _Settlement(books, lot_ids)
    for intent in plan.intents:
        match intent:
            case Award():
                settlement.award(intent)
            case Mature():
                settlement.mature(intent)
            case Consume():
                settlement.consume(intent)
            case ConsumeAll():
                settlement.consume_all(intent)
            case Hold():
                settlement.hold(intent)
            case Capture():
                settlement.capture(intent)
            case Release():
                settlement.release(intent)
            case GiveBack():
                settlement.give_back(intent)
            case Expire():
                settlement.expire(intent)
            case TakeBack():
                settlement.take_back(intent)
            case _:
                raise InvalidInput(intent=repr(intent))
    return Settled(tuple(settlement.postings), tuple(settlement.new))
