"""The commands and tasks that nobody watches: what they say, how they exit, and that none is forgotten."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from loyalty_plugin import jobs, tasks
from loyalty_plugin.management.commands import loyalty_tick
from loyalty_plugin.models.jobs import JobRun
from loyalty_plugin.queries.programmes import forget_documents
from loyalty_plugin.registry import ports
from tests.services.books import (
    DAY,
    balance_of,
    give,
    make_members,
    make_version,
    rows,
    wait_until_sealable,
)

NAMES = {value for name, value in vars(jobs).items() if name.isupper()}


@pytest.fixture(autouse=True)
def _no_documents_of_other_tests() -> None:
    forget_documents()


def run(name: str, *arguments: Any, code: int = 0) -> str:
    """What a command says; asserts how it exits."""
    out, ended = StringIO(), 0
    try:
        call_command(name, *arguments, stdout=out, stderr=out, no_color=True)
    except SystemExit as end:
        ended = int(end.code or 0)
    assert ended == code, out.getvalue()
    return out.getvalue()


def break_a_balance() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE loyalty_plugin_balance SET available = available + 1")


@pytest.mark.django_db
class TestEveryJob:
    def test_has_a_task_and_a_schedule(self) -> None:
        assert {name for name in app.tasks if name.startswith("loyalty.")} == NAMES
        scheduled = {task.task.name for task in app.periodic_registry.periodic_tasks.values()}
        assert scheduled >= NAMES

    def test_is_done_by_the_tick(self) -> None:
        assert set(loyalty_tick.ORDER) == NAMES

    def test_waits_once_however_often_it_is_nudged(self) -> None:
        for _ in range(3):
            jobs.enqueue(jobs.EXPIRE)
        [job] = ProcrastinateJob.objects.filter(task_name=jobs.EXPIRE)
        assert (job.lock, job.queueing_lock, job.queue_name) == (jobs.EXPIRE, jobs.EXPIRE, "loyalty")


@pytest.mark.usefixtures("fresh_db")
class TestCommands:
    def test_verify_says_whole_or_names_the_first_difference(self, tmp_path: Path) -> None:
        version = make_version()
        [member] = make_members(version, 1)
        give(version, member, 10)
        wait_until_sealable()
        anchor = tmp_path / "anchor"
        assert run("loyalty_seal", "--anchor", anchor).startswith("1 entries sealed in 1 blocks.")
        assert "is whole" in run("loyalty_verify", "--anchor", anchor)
        break_a_balance()
        said = run("loyalty_verify", code=1)
        assert (
            f"First: balance_differs at balance {member.pk}/points.available: expected 10, found 11" in said
        )
        report = json.loads(run("loyalty_verify", "--json", code=1))
        assert (report["whole"], report["first"]["code"]) == (False, "balance_differs")
        run_row = JobRun.objects.filter(name="verify").latest("pk")
        assert (run_row.status, run_row.result["whole"]) == ("done", False)

    def test_a_killed_verify_goes_on_and_fresh_begins_anew(self) -> None:
        version = make_version()
        [member] = make_members(version, 1)
        give(version, member, 10)
        break_a_balance()
        now = ports.clock.now()
        # As if it had been killed after the books: what it had found is kept, what it had done is not done again.
        left = {"section": "sources", "after": 0, "report": {"differences": [], "checked": {"members": 1}}}
        JobRun.objects.create(name="verify", started_at=now, beat_at=now, cursor=left)
        assert "is whole" in run("loyalty_verify")
        JobRun.objects.create(name="verify", started_at=now, beat_at=now, cursor=left)
        assert "NOT whole" in run("loyalty_verify", "--fresh", code=1)

    def test_the_anchor_is_written_only_of_a_whole_ledger(self, tmp_path: Path) -> None:
        version = make_version()
        [member] = make_members(version, 1)
        give(version, member, 10)
        wait_until_sealable()
        run("loyalty_seal")
        file = tmp_path / "anchor"
        break_a_balance()
        run("loyalty_verify", "--write-anchor", file, code=1)
        assert not file.exists()
        assert "set right" in run("loyalty_rebuild", "--write")
        run("loyalty_verify", "--write-anchor", file)
        [line] = file.read_text().splitlines()
        assert line.split()[1:] == ["1", rows("SELECT encode(root, 'hex') FROM loyalty_plugin_block")[0][0]]

    def test_rebuild_tells_and_mends_only_when_asked(self) -> None:
        version = make_version()
        [member] = make_members(version, 1)
        give(version, member, 10)
        assert "what the postings say" in run("loyalty_rebuild")
        break_a_balance()
        assert "1 balances" in run("loyalty_rebuild", code=1)
        assert balance_of(member)[1] == 11
        run("loyalty_rebuild", "--write")
        assert balance_of(member)[1] == 10

    def test_the_tick_does_all_that_is_due_and_tells_what_failed(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        version = make_version()
        [member] = make_members(version, 1)
        now = ports.clock.now()
        give(version, member, 10, matures_at=now - DAY)
        give(version, member, 5, expires_at=now - DAY)
        wait_until_sealable()
        run("loyalty_tick")
        assert balance_of(member) == (0, 10, 0, 0, 15)
        assert rows("SELECT count(*) > 0 FROM loyalty_plugin_block") == [(True,)]

        def broken(**_: Any) -> None:
            raise RuntimeError("the disk is full")

        monkeypatch.setattr(tasks.expiry, "mature", broken)
        give(version, member, 5, expires_at=now - DAY)
        said = run("loyalty_tick", code=1)
        assert "the disk is full" in said
        assert f"Failed: {jobs.MATURE}." in said
        assert balance_of(member) == (0, 10, 0, 0, 20)  # the others were done

    def test_jobs_of_a_killed_worker_begin_again_and_old_ones_are_forgotten(self) -> None:
        for name in (jobs.EXPIRE, jobs.SEAL, jobs.TIERS):
            jobs.enqueue(name)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour')"
            )
            cursor.execute(
                "UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT max(id) FROM"
                " procrastinate_workers) WHERE task_name IN (%s, %s)",
                [jobs.EXPIRE, jobs.SEAL],
            )
        jobs.enqueue(jobs.SEAL)  # one of its kind waits already
        tasks.housekeeping()
        waiting = ProcrastinateJob.objects.filter(status="todo").values_list("task_name", flat=True)
        assert sorted(waiting) == sorted([jobs.EXPIRE, jobs.SEAL, jobs.TIERS])
        assert not ProcrastinateJob.objects.filter(status="doing").exists()
