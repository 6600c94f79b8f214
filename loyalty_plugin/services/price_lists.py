"""Makes price lists and changes them: first what a file would do is shown, then it is done, and it can be undone."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final

import openpyxl
from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import IntegrityError, transaction

from loyalty_plugin.domain import price_lists
from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.domain.price_lists import Effect
from loyalty_plugin.domain.values import MAX_AMOUNT
from loyalty_plugin.errors import InvalidInput, NotFound, PriceFileRefused, PriceListChanged
from loyalty_plugin.models.prices import ListedPrice, PriceChange, PriceList
from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.policies import Operation, require
from loyalty_plugin.queries.goods import places_of, variants_of
from loyalty_plugin.queries.price_lists import whole_list
from loyalty_plugin.services import audit

#: Bytes of the largest file that is read.
MOST_BYTES: Final = 20 * 1024 * 1024
#: The same of a sheet once unpacked: a small file may unpack to more than the machine has.
MOST_UNPACKED: Final = 10 * MOST_BYTES
Status = PriceChange.Status


def create(actor: Actor, *, programme_id: int, code: str, name: str, now: datetime) -> PriceList:
    """A new, empty list. Raises InvalidInput for a code that is none or is taken, NotFound."""
    require(actor, Operation.EDIT_PROGRAMME)
    try:
        validate_slug(code)
    except ValidationError as error:
        raise InvalidInput(code=code) from error
    if not name.strip() or len(code) > 50:
        raise InvalidInput(code=code, name=name)
    if not Programme.objects.filter(pk=programme_id).exists():
        raise NotFound(programme=programme_id)
    try:
        with transaction.atomic():
            made = PriceList.objects.create(
                programme_id=programme_id, code=code, name=name.strip(), created_at=now
            )
            audit.record(actor, "price_list.create", f"price_list:{made.pk}", "done", now=now)
    except IntegrityError as error:
        raise InvalidInput(code=code) from error
    return made


def propose(
    actor: Actor, *, list_id: int, content: bytes, source: str, replace: bool, now: datetime
) -> PriceChange:
    """Read a file (CSV or XLSX) and keep what it would do, without doing it; faults are kept row by row.

    `replace`: variants the file does not name lose their price. SKUs are looked up in the shop. Raises PriceFileRefused
    for what is no table, and TryLater or SaleorError where SKUs can't be looked up now.
    """
    require(actor, Operation.EDIT_PROGRAMME)
    of = _list(list_id)
    # One row more than a list may have, so that too many are told from enough.
    rows = list(islice(table(content), price_lists.MOST_ROWS + 2))
    skus = price_lists.skus_of(rows)
    if len(skus) > price_lists.MOST_SKUS:
        fault = price_lists.Fault(1, "too_many_skus", str(price_lists.MOST_SKUS))
        return _propose(actor, of, price_lists.Plan((), (fault,)), source, now)
    found = price_lists.plan(
        rows,
        currency=of.programme.currency,
        channels=set(of.programme.channels.values_list("slug", flat=True)),
        known=whole_list(of),
        replace=replace,
        skus=_variants(of, skus) if skus else None,
    )
    return _propose(actor, of, found, source, now)


def propose_price(
    actor: Actor, *, list_id: int, variant_id: str, channel: str, amount: int | None, now: datetime
) -> PriceChange:
    """Keep what one price set by hand would do, without doing it: minor units, None to take it away.

    Raises InvalidInput for an amount or a channel that can't be, NotFound.
    """
    require(actor, Operation.EDIT_PROGRAMME)
    of = _list(list_id)
    if not 0 < len(variant_id) <= 64 or not (amount is None or 0 < amount <= MAX_AMOUNT):
        raise InvalidInput(variant=variant_id, amount=amount)
    if channel and not of.programme.channels.filter(slug=channel).exists():
        raise InvalidInput(channel=channel)
    before = of.prices.filter(variant_id=variant_id, channel=channel).values_list("amount", flat=True).first()
    effects = (Effect(variant_id, channel, before, amount),) if before != amount else ()
    return _propose(actor, of, price_lists.Plan(effects, (), unchanged=1 - len(effects)), "", now)


def _variants(of: PriceList, skus: Iterable[str]) -> dict[str, str]:
    """Variants by SKU at the Saleor whose channels the programme serves; none where it serves none. Raises TryLater."""
    places = places_of(of.programme_id)
    return variants_of(places[0].realm, sorted(skus)) if places else {}


def _propose(actor: Actor, of: PriceList, found: price_lists.Plan, source: str, now: datetime) -> PriceChange:
    with transaction.atomic():
        change = PriceChange.objects.create(
            price_list=of,
            source=source[:200],
            effects=[[one.variant_id, one.channel, one.before, one.after] for one in found.effects],
            faults=[[one.row, one.code, one.text] for one in found.faults],
            unchanged=found.unchanged,
            actor=actor.name,
            created_at=now,
        )
        _note(actor, change, "price_list.propose", now)
    return change


def apply(actor: Actor, *, change_id: int, now: datetime) -> PriceChange:
    """Do what was shown: an act of value, like publishing. Once done, a second time changes nothing.

    Raises PriceFileRefused while there are faults, PriceListChanged where prices moved since it was shown.
    """
    require(actor, Operation.PUBLISH_PROGRAMME)
    with transaction.atomic():
        change = _locked(change_id)
        if change.status != Status.PROPOSED:
            return change
        if change.faults:
            raise PriceFileRefused(faults=len(change.faults))
        _write(change.price_list, [Effect(*one) for one in change.effects])
        change.status, change.applied_at = Status.APPLIED, now
        change.save(update_fields=["status", "applied_at"])
        _note(actor, change, "price_list.change", now)
    return change


def undo(actor: Actor, *, change_id: int, now: datetime) -> PriceChange:
    """Bring back every price as it was before a change. Raises PriceListChanged where one was changed again since."""
    require(actor, Operation.PUBLISH_PROGRAMME)
    with transaction.atomic():
        change = _locked(change_id)
        if change.status != Status.APPLIED:
            return change
        _write(change.price_list, list(price_lists.undone(Effect(*one) for one in change.effects)))
        change.status, change.undone_at = Status.UNDONE, now
        change.save(update_fields=["status", "undone_at"])
        _note(actor, change, "price_list.undo", now)
    return change


def _list(list_id: int) -> PriceList:
    found = PriceList.objects.select_related("programme").filter(pk=list_id).first()
    if found is None:
        raise NotFound(price_list=list_id)
    return found


def _locked(change_id: int) -> PriceChange:
    """The change, with its list locked: prices of one list are changed by one act at a time."""
    row = PriceChange.objects.filter(pk=change_id).first()
    if row is None:
        raise NotFound(price_change=change_id)
    PriceList.objects.select_for_update(no_key=True).get(pk=row.price_list_id)
    return PriceChange.objects.select_related("price_list").get(pk=change_id)


def _note(actor: Actor, change: PriceChange, operation: str, now: datetime) -> None:
    detail = {"change": change.pk, "prices": len(change.effects), "source": change.source}
    audit.record(actor, operation, f"price_list:{change.price_list_id}", "done", now=now, detail=detail)


def _write(of: PriceList, effects: Sequence[Effect]) -> None:
    known = whole_list(of)
    moved = [one for one in effects if known.get((one.variant_id, one.channel)) != one.before]
    if moved:
        raise PriceListChanged(prices=len(moved))
    gone = {(one.variant_id, one.channel) for one in effects if one.after is None}
    if gone:
        rows = of.prices.filter(variant_id__in={variant for variant, _channel in gone})
        ids = [pk for pk, variant, channel in rows.values_list("pk", "variant_id", "channel")
               if (variant, channel) in gone]  # fmt: skip
        of.prices.filter(pk__in=ids).delete()
    ListedPrice.objects.bulk_create(
        (
            ListedPrice(price_list=of, variant_id=one.variant_id, channel=one.channel, amount=one.after)
            for one in effects
            if one.after is not None
        ),
        batch_size=5_000,
        update_conflicts=True,
        unique_fields=["price_list", "variant_id", "channel"],
        update_fields=["amount"],
    )


def table(content: bytes) -> Iterator[Sequence[Any]]:
    """The rows of a CSV (comma, semicolon or tab; UTF-8) or XLSX file. Raises PriceFileRefused."""
    if len(content) > MOST_BYTES:
        raise PriceFileRefused(reason="too_large", bytes=len(content))
    if content[:2] == b"PK":
        return _sheet(content)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PriceFileRefused(reason="not_utf8") from error
    if "\x00" in text:
        raise PriceFileRefused(reason="not_a_table")
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    return _csv(text, separator)


def _csv(text: str, separator: str) -> Iterator[Sequence[Any]]:
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    except csv.Error as error:
        raise PriceFileRefused(reason="not_a_table") from error


def _sheet(content: bytes) -> Iterator[Sequence[Any]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            unpacked = sum(one.file_size for one in packed.infolist())
        if unpacked > MOST_UNPACKED:
            raise PriceFileRefused(reason="too_large", bytes=unpacked)
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        rows: Iterable[Sequence[Any]] = book.worksheets[0].iter_rows(values_only=True)
        for row in rows:
            yield [_cell(cell) for cell in row]
    except PriceFileRefused:
        raise
    except Exception as error:  # a broken sheet fails in the packing, in its XML or in what that means
        raise PriceFileRefused(reason="not_a_table") from error


def _cell(cell: object) -> object:
    """A sheet's numbers are binary fractions: read as the shortest text that means them, as the sheet shows them."""
    return repr(cell).removesuffix(".0") if isinstance(cell, float) else cell
