"""A clerk adjusts points in the back office: within the limit at once, above it only with a second person."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.launch.steps import Step
from sandbox.story.stage import EMAIL, Stage, berlin, told
from sandbox.story.visitor import Page, Visitor


def play(stage: Stage) -> Iterator[Step]:
    """Two adjustments, one approval, and the trail of all three acts."""
    stage.go_to(berlin(4, 29))
    clerk, manager = stage.staff("clerk"), stage.staff("manager")
    yield _within(stage, clerk, manager)
    yield _above(stage, clerk, manager)
    yield _approved(stage, manager)


def _within(stage: Stage, clerk: Visitor, manager: Visitor) -> Step:
    before = stage.available()
    consequence = _adjust(clerk, "120", "The parcel came late")
    then = consequence.texts(".lp-sum dd")
    consequence.submit({}, button="confirm")
    after = stage.available()
    return told(
        "A clerk gives 120 points in the back office; alone they may give 500",
        f"told before: {before:,} points, 120 points, {before + 120:,} points; then {before + 120:,} available;"
        " trail: Adjust points 120 points, Ilse Brandt, Back office, Posted",
        f"told before: {', '.join(then)}; then {after:,} available; trail: {_newest(manager)}",
    )


def _above(stage: Stage, clerk: Visitor, manager: Visitor) -> Step:
    before = stage.available()
    consequence = _adjust(clerk, "2000", "A teapot arrived broken, twice")
    reason = consequence.text(".help-warning p")
    consequence.submit({}, button="confirm")
    request = clerk.open("/admin/membership/requests/").follow("table.listing tbody a")
    refused = "may not approve" if not request.soup.select("[name=approve]") else "may approve"
    after = stage.available()
    return told(
        "The clerk wants to give 2,000 points",
        "You may adjust up to 500 points at once. This becomes a request to a manager. Nothing changes until then."
        " Points unchanged;"
        " the clerk may not approve; trail: Adjust points 2,000 points, Ilse Brandt, Back office, Waits for another person",
        f"{reason} Points {'unchanged' if after == before else 'changed'}; the clerk {refused};"
        f" trail: {_newest(manager)}",
    )


def _approved(stage: Stage, manager: Visitor) -> Step:
    before = stage.available()
    request = manager.open("/admin/membership/requests/").follow("table.listing tbody a")
    request.submit({}, button="approve")
    given = stage.available() - before
    closed = manager.open(request.path)
    who = [f"{row['Who']}: {row['Outcome']}" for row in closed.rows()]
    return told(
        "A manager approves the request",
        "2,000 points given; its trail: Ilse Brandt: Waits for another person, Henrik Sølvberg: Approved",
        f"{given:,} points given; its trail: {', '.join(who)}",
    )


def _adjust(clerk: Visitor, amount: str, words: str) -> Page:
    """The page that tells what would happen."""
    member = clerk.open(f"/admin/membership/members/?q={EMAIL}").follow("table.listing tbody a")
    form = member.follow("a[href$='/adjust/']")
    return form.submit({"amount": amount, "reason": "goodwill", "words": words})


def _newest(manager: Visitor) -> str:
    """The newest line of the trail: what, who, by which door, with which outcome."""
    newest = manager.open("/admin/membership/trail/").row()
    return ", ".join(newest[column] for column in ("What", "Who", "Door", "Outcome"))
