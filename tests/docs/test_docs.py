"""What the documentation promises is what the code has: settings, errors, checks, commands, signals, jobs, grants."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.db import DatabaseError, connection, transaction
from django.dispatch import Signal

from loyalty_plugin import conf, errors, jobs, registry, signals, tasks
from loyalty_plugin.admin import advice
from loyalty_plugin.checks.messages import MESSAGES
from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.perks import WhyNot
from loyalty_plugin.domain.tiers import problems
from loyalty_plugin.graphql import refusals
from loyalty_plugin.management import lines
from loyalty_plugin.models.ledger import Entry
from loyalty_plugin.queries.verifying import guards
from loyalty_plugin.services import adjustments
from loyalty_plugin.services.orders.apply import apply_orders
from loyalty_plugin.services.sealing import seal
from loyalty_plugin.testing import check_earning_rule
from tests import factories
from tests.factories import NOW

ROOT = Path(__file__).parents[2]
TEXTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]


def text(name: str) -> str:
    return (ROOT / name).read_text()


def rows(name: str, heading: str = "") -> list[list[str]]:
    """The cells of the rows of a file's tables whose first cell is code, below a heading if one is given."""
    below = text(name).partition(heading)[2] if heading else text(name)
    below = below.split("\n## ")[0] if heading else below
    found = [line.strip("| ").split(" | ") for line in below.splitlines() if line.startswith("| `")]
    assert found, f"no table in {name} {heading}"
    return [[cell.strip() for cell in row] for row in found]


def codes(name: str, heading: str = "") -> list[str]:
    """The first code of each row."""
    return [re.findall(r"`([^`]+)`", row[0])[0] for row in rows(name, heading)]


def test_settings_are_those_there_are_with_their_defaults() -> None:
    told = {re.findall(r"`(\w+)`", row[0])[0]: row[1].strip("`") for row in rows("docs/settings.md")}
    assert {name: ast.literal_eval(default) for name, default in told.items()} == conf.DEFAULTS


def test_error_codes_are_those_there_are_under_their_families() -> None:
    ours = [one for one in errors.all_errors() if one.__module__.startswith("loyalty_plugin")]
    told = {}
    for row in rows("docs/errors.md", "# Error codes\n"):
        code, under = (re.findall(r"`(\w+)`", cell) for cell in row[:2])
        told[code[0]] = under[0] if under else "loyalty_error"
    del told["loyalty_error"]
    families = {one.code: one.__mro__[1] for one in ours if one is not errors.LoyaltyError}
    assert told == {
        code: above.code for code, above in families.items() if issubclass(above, errors.LoyaltyError)
    }
    assert len(told) == len(families) == len(ours) - 1


def test_refusals_of_the_graphql_door_are_those_there_are_with_their_status() -> None:
    told = {
        row[0].strip("`"): int(row[1]) for row in rows("docs/errors.md", "## Refusals of the GraphQL door")
    }
    assert told == {code: kind.status for code, kind in refusals.KINDS.items()}
    assert told.keys().isdisjoint(one.code for one in errors.all_errors())


def test_problems_of_tiers_are_those_there_are() -> None:
    source = inspect.getsource(problems)
    raised = set(re.findall(r'yield f?"[^"]*", "([a-z_]+)"', source))
    assert len(raised) > 15
    assert set(codes("docs/errors.md", "## Problems of a draft")) == raised


def test_reasons_of_lines_without_a_member_price_are_those_there_are() -> None:
    assert codes("docs/errors.md", "## Why a line has no member price") == list(WhyNot)


def test_checks_and_findings_are_those_there_are() -> None:
    assert codes("docs/install.md", "## Checks") == list(MESSAGES)
    assert codes("docs/install.md", "## What the doctor finds besides") == list(advice.ADVICE)


def test_commands_and_their_options_are_those_there_are() -> None:
    ours = {name for name, app in get_commands().items() if app == "loyalty_plugin"}
    told = {re.findall(r"`([^`]+)`", row[0])[0]: row[1] for row in rows("docs/commands.md")}
    told.pop("procrastinate worker")
    assert set(told) == ours
    for name, words in told.items():
        parser = load_command_class("loyalty_plugin", name).create_parser("manage.py", name)
        options = {option for action in parser._actions for option in action.option_strings}
        named = set(re.findall(r"`(--[a-z-]+)", words))
        assert named <= options, name
        command = inspect.getsource(inspect.getmodule(type(load_command_class("loyalty_plugin", name))))
        assert named == set(re.findall(r'"(--[a-z-]+)"', command)), name


def test_signals_are_those_there_are() -> None:
    ours = {name for name, value in vars(signals).items() if isinstance(value, Signal)}
    assert set(codes("docs/signals.md")) == ours


def test_jobs_are_those_there_are() -> None:
    ours = {value for value in vars(jobs).values() if isinstance(value, str) and value.startswith("loyalty.")}
    assert (
        set(codes("docs/jobs.md"))
        == ours
        == {name for name in tasks.app.tasks if name.startswith("loyalty.")}
    )


@pytest.mark.parametrize("name", ["README.md", "docs/install.md"])
def test_the_lines_for_a_project_are_those_the_doctor_prints(name: str) -> None:
    assert f"```python\n{lines.LINES}```" in text(name)


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: file.name)
def test_links_lead_somewhere(file: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", file.read_text()):
        assert (file.parent / target).exists(), target


def test_the_glossary_is_in_order_and_says_each_word_once() -> None:
    words = re.findall(r"^\| \*\*(.+?)\*\* \|", text("docs/glossary.md"), re.MULTILINE)
    assert words == sorted(set(words))
    assert len(words) > 40


def test_the_rule_printed_for_contributors_works() -> None:
    (source,) = re.findall(r"```python\n(.*?)```", text("CONTRIBUTING.md"), re.DOTALL)
    names: dict[str, object] = {"__name__": "printed_example"}
    try:
        exec(compile(source, "CONTRIBUTING.md", "exec", dont_inherit=True), names)
        check_earning_rule(names["ThankYou"], {}, examples=20)
    finally:
        registry.rules.withdraw("thank_you")


@pytest.fixture
def as_granted_role(db: None) -> Iterator[None]:
    """The rest of the test is done by the role that docs/ledger.md makes."""
    (grants,) = re.findall(r"```sql\n(.*?)```", text("docs/ledger.md"), re.DOTALL)
    role = "loyalty_docs_role"
    with connection.cursor() as cursor:
        cursor.execute(grants.replace("shop_web", role).replace(" LOGIN", ""))
        cursor.execute(f"SET LOCAL ROLE {role}")
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


def test_the_printed_grants_are_enough_to_work_and_too_little_to_cheat(as_granted_role: None) -> None:
    of = factories.member(factories.programme())
    apply_orders([factories.order(of, 10_000)], now=NOW)
    adjustments.adjust(SYSTEM, member_id=of.pk, amount=50, reason="goodwill", key="docs", now=NOW)
    assert Entry.objects.count() == 2
    seal(now=NOW)  # looks at the cluster, which needs no right of its own
    assert guards.check() == []
    cheats = (
        "UPDATE loyalty_plugin_entry SET order_ref = ''",
        "DELETE FROM loyalty_plugin_posting",
        "TRUNCATE loyalty_plugin_block",
        "DELETE FROM loyalty_plugin_lot",
        "ALTER TABLE loyalty_plugin_entry DISABLE TRIGGER loyalty_insert_only",
    )
    for cheat in cheats:
        with pytest.raises(DatabaseError, match=r"permission denied|must be owner"), transaction.atomic():
            connection.cursor().execute(cheat)
