"""Points expire on their day, the card is printed and read back, and the ledger is proven whole."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pypdfium2
import zxingcpp

from sandbox.launch.steps import Step
from sandbox.seed.people import PASSWORD
from sandbox.story.stage import EMAIL, Stage, berlin, points, told

DOTS_PER_INCH = 300


def play(stage: Stage) -> Iterator[Step]:
    """Half a year later."""
    yield from _expiry(stage)
    yield _card(stage)
    yield _verified(stage)


def _expiry(stage: Stage) -> Iterator[Step]:
    stage.go_to(berlin(9, 2, 23, 30))  # 21:30 in UTC, where the day ends two hours later
    stage.night()
    before = stage.available()
    ahead = stage.member("nextExpiry { points lastDay }")["nextExpiry"] or {"points": 0, "lastDay": "none"}
    yield told(
        "On the welcome points' last day, half an hour before midnight in Berlin",
        f"{points(before)}, of which 50 have their last day on 2026-09-02",
        f"{points(stage.available())}, of which {ahead['points']} have their last day on {ahead['lastDay']}",
    )
    stage.go_to(berlin(9, 3, 0, 5))
    stage.night()
    newest = stage.statement()[0]
    yield told(
        "Five minutes past midnight in Berlin",
        f"{points(before - 50)}; newest movement: EXPIRE -50",
        f"{points(stage.available())}; newest movement: {newest['kind']} {newest['amount']}",
    )


def _card(stage: Stage) -> Step:
    visitor = stage.customer()
    visitor.open("/account/sign-in/").submit({"email": EMAIL, "password": PASSWORD})
    visitor.open("/account/").submit({}, action="/loyalty/membership/card/")
    card = stage.member("name card { number code }")
    manager = stage.staff("manager")
    found = manager.open(f"/admin/membership/members/?q={card['card']['number']}")
    pdf = found.follow("table.listing tbody a").follow("a[href$='.pdf']").content
    document = pypdfium2.PdfDocument(pdf)
    read = [
        code.text
        for page in document
        for code in zxingcpp.read_barcodes(page.render(scale=DOTS_PER_INCH / 72).to_pil())
        if code.format == zxingcpp.BarcodeFormat.QRCode
    ]
    sides = len(document)
    document.close()
    whose = found.row()["Name"] if read == [card["card"]["code"]] else "nobody"
    return told(
        "The member takes a card; the back office prints it and a scanner reads it",
        f"a PDF of 2 pages, its QR code is that of {card['name']}",
        f"a PDF of {sides} pages, its QR code is that of {whose}",
    )


def _verified(stage: Stage) -> Step:
    done = stage.context.run_manage(["loyalty_verify", "--json", "--fresh"])
    report = json.loads(done.stdout or "{}")
    entries = stage.count("SELECT count(*) FROM loyalty_plugin_entry")
    checked = report.get("checked", {}).get("entries", 0)
    differences = [str(one) for one in report.get("differences", ["no report"])]
    return told(
        "loyalty_verify recomputes the whole ledger from its postings and sources",
        f"whole: {entries} entries checked, 0 differences, exit code 0",
        f"{'whole' if not differences else differences[0]}: {checked} entries checked,"
        f" {len(differences)} differences, exit code {done.returncode}",
    )
