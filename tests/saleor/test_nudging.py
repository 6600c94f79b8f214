"""Every event is followed by an asking to drain the inbox, but many events at once by two askings, not by as many."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from procrastinate.contrib.django.models import ProcrastinateJob

from loyalty_plugin import jobs
from loyalty_plugin.models.realms import Installation
from loyalty_plugin.webhooks import nudging
from tests.saleor.roomkit import Wire, deliver, event


class Later:
    """In place of a timer: what is to be done later is done when the test says so."""

    waiting: list[Callable[[], None]]

    def __init__(self, seconds: float, act: Callable[[], None]) -> None:
        assert 0 < seconds <= nudging.PAUSE
        self.act = act

    def start(self) -> None:
        self.waiting.append(self.act)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """A pause that does not pass by itself; what waits for its end."""
    waiting: list[Callable[[], None]] = []
    monkeypatch.setattr(Later, "waiting", waiting, raising=False)
    monkeypatch.setattr("threading.Timer", Later)
    monkeypatch.setattr(nudging.connections, "close_all", lambda: None)
    monkeypatch.setattr(nudging, "PAUSE", 86_400.0)
    monkeypatch.setattr(nudging, "_asked", -2 * 86_400.0)
    monkeypatch.setattr(nudging, "_coming", False)
    return waiting


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []
    monkeypatch.setattr(jobs, "enqueue", names.append)
    return names


def test_the_first_asks_at_once_and_all_that_follow_closely_once_more(later: list, asked: list[str]):
    nudging.nudge()
    assert (len(asked), len(later)) == (1, 0)
    for _ in range(10):
        nudging.nudge()
    assert (len(asked), len(later)) == (1, 1)
    later.pop()()
    assert asked == [jobs.DRAIN_INBOX] * 2


def test_what_comes_while_the_later_asking_is_made_is_asked_for_again(
    later: list, monkeypatch: pytest.MonkeyPatch
):
    """It may have been kept after the job began."""
    names: list[str] = []

    def enqueue(name: str) -> None:
        names.append(name)
        if len(names) == 2:
            nudging.nudge()

    monkeypatch.setattr(jobs, "enqueue", enqueue)
    nudging.nudge()
    nudging.nudge()
    later.pop()()
    assert (len(names), len(later)) == (2, 1)
    later.pop()()
    assert len(names) == 3


def test_an_asking_that_fails_harms_nobody(later: list, monkeypatch: pytest.MonkeyPatch):
    def broken(name: str) -> None:
        raise RuntimeError("no queue")

    monkeypatch.setattr(jobs, "enqueue", broken)
    nudging.nudge()
    nudging.nudge()
    later.pop()()


@pytest.mark.django_db(transaction=True)
def test_in_a_stream_of_events_one_statement_keeps_each(installed: Installation, wire: Wire, later: list):
    assert deliver(event("OrderCreated")) == 202  # keys and installation are known, and a worker was asked
    with CaptureQueriesContext(connection) as queries:
        for number in range(5):
            assert deliver(event(order={"id": str(number)})) == 202
    assert [query["sql"].split()[0] for query in queries.captured_queries] == ["INSERT"] * 5
    assert ProcrastinateJob.objects.filter(task_name=jobs.DRAIN_INBOX).count() == 1
    later.pop()()
    assert ProcrastinateJob.objects.filter(task_name=jobs.DRAIN_INBOX, status="todo").count() == 1
