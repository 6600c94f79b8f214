"""The demo shop at a Saleor that is not ours to start: what stands in the way is said, what is made goes again."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest

from sandbox.launch import foreign
from sandbox.launch.folder import DataFolder
from sandbox.launch.terminal import LaunchError
from sandbox.postgres import Server
from sandbox.saleor.app import App
from sandbox.saleor.options import Options
from sandbox.saleor.standin import Standin
from sandbox.seed import catalogue
from sandbox.seed.callers import Account, Caller
from tests import database
from tests.saleor.standinkit import CHANNEL, PASSWORD, SEED

OWNER = "owner@shop.example"


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """The test report is the place for findings."""


def serving(answer: Callable[..., Any]) -> tuple[_Server, str]:
    server = make_server("127.0.0.1", 0, answer, _Server, _Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_port}"


def stop(server: _Server) -> None:
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def saleor(django_db_setup: None, postgres: Server) -> Iterator[str]:
    """The URL of a stand-in that is reached as a real one is."""
    name = database.database_name("foreign")
    server, url = serving(lambda _environ, _start: [])
    app = App(Standin(Options(postgres.create_database(name), url=url, instant=True)))
    server.set_app(app)
    app.control.answer("/_standin/seed", "POST", "", SEED)
    yield url
    stop(server)
    app.close()
    postgres.drop_database(name)


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path / "data", kind="saleor")


@pytest.fixture
def staff(saleor: str) -> Iterator[Account]:
    with Account(f"{saleor}/graphql/", OWNER, PASSWORD) as account:
        yield account


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALEOR_EMAIL", OWNER)
    monkeypatch.setenv("SALEOR_PASSWORD", PASSWORD)


def refusal(saleor: str, tmp_path: Path, **more: Any) -> str:
    """The words with which the command stops before it has started anything."""
    given = {"saleor": saleor, "channel": CHANNEL, "public_url": None, "port": 1, "data": tmp_path / "shop",
             "reset": False, "seed": False, "clear": False}  # fmt: skip
    with pytest.raises(LaunchError) as told:
        foreign.serve(argparse.Namespace(**{**given, **more}))
    return str(told.value)


def test_no_credentials(saleor: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SALEOR_PASSWORD")
    assert "SALEOR_EMAIL and SALEOR_PASSWORD" in refusal(saleor, tmp_path)


def test_wrong_credentials(saleor: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALEOR_PASSWORD", "not this")
    assert refusal(saleor, tmp_path).startswith(f"Saleor does not let {OWNER} in: ")


def test_nobody_answers(tmp_path: Path) -> None:
    server, url = serving(lambda _environ, _start: [])
    stop(server)
    assert refusal(url, tmp_path).startswith(f"Nobody answers at {url}/graphql/: ")


def test_another_page_answers(tmp_path: Path) -> None:
    def page(_environ: Any, start: Any) -> list[bytes]:
        start("200 OK", [("Content-Type", "text/html")])
        return [b"<h1>Welcome</h1>"]

    server, url = serving(page)
    try:
        assert refusal(url, tmp_path) == f"{url}/graphql/ answers 200, and not as a Saleor does."
    finally:
        stop(server)


@pytest.mark.parametrize("given", ["saleor.example", "ftp://saleor.example/", "http://"])
def test_no_url(given: str, tmp_path: Path) -> None:
    assert "is no URL" in refusal(given, tmp_path)


def test_another_path(tmp_path: Path) -> None:
    assert "at /graphql/" in refusal("https://saleor.example/api/", tmp_path)


def test_another_name(saleor: str, tmp_path: Path) -> None:
    """Its webhooks and tokens name it otherwise, so none of them would be believed."""
    words = refusal(saleor.replace("127.0.0.1", "localhost"), tmp_path)
    assert words.endswith(f"Start with --saleor {saleor}")


def test_an_unknown_channel(staff: Account) -> None:
    with pytest.raises(LaunchError, match=f"Choose one with --channel: {CHANNEL}, eu"):
        foreign._look(staff, foreign.There(staff.api_url, "nowhere", ""), "nowhere")


def test_a_folder_of_another_channel_or_saleor(staff: Account, folder: DataFolder) -> None:
    with pytest.raises(LaunchError, match="belongs to the channel eu"):
        foreign._look(staff, foreign.There(staff.api_url, "eu", "EUR"), CHANNEL)
    foreign._keep(folder, foreign.There(staff.api_url, CHANNEL, "USD"))
    with pytest.raises(LaunchError, match=f"belongs to {staff.api_url}"):
        foreign._known(folder, "https://other.example/graphql/")


def test_a_reset_forgets_the_shop_and_not_what_it_made_there(staff: Account, folder: DataFolder) -> None:
    there = foreign.There(
        staff.api_url, CHANNEL, "USD", laid={"made": [["productDelete", "x"]]}, payments_app="QXBwOjE="
    )
    foreign._keep(folder, there)
    (folder.path / "secret-key").write_text("of the shop")
    assert foreign._after_reset(folder, staff.api_url) == there
    assert foreign._known(folder, staff.api_url) == there
    assert not (folder.path / "secret-key").exists()
    with pytest.raises(LaunchError, match="--clear first"):
        foreign._after_reset(folder, "https://other.example/graphql/")


def test_what_is_laid_out_is_for_sale_and_goes_again(staff: Account, folder: DataFolder) -> None:
    before = shelf(staff)
    there = foreign.There(staff.api_url, CHANNEL, "", public_url="http://localhost:8000")
    foreign._look(staff, there, CHANNEL)
    assert there.currency == "USD"
    foreign._seed(staff, there, folder)
    assert set(shelf(staff)) - set(before) == {f"loyalty-demo-{goods.slug}" for goods in catalogue.GOODS}
    assert shelf(staff)["loyalty-demo-house-breakfast"] == 8.4
    assert there.ids["products"]["house-breakfast"]
    payments = Caller(staff.api_url, there.payments_token)
    assert payments.ask("{app{name permissions{code}}}")["app"]["name"] == "loyalty-demo payments"

    known = foreign._known(folder, staff.api_url)
    assert known == there
    foreign._seed(staff, known, folder)  # nothing twice
    assert foreign._clear(staff, folder) == 0
    assert shelf(staff) == before
    assert foreign._known(folder, staff.api_url) is None
    assert payments.answer("{app{name}}")["data"] == {"app": None}
    payments.close()


def shelf(staff: Account) -> dict[str, float]:
    """What a customer sees in the channel: the lowest price of each product by slug."""
    query = "query($c:String!){products(first:100,channel:$c){edges{node{slug pricing{priceRange{start{gross{amount}}}}}}}}"
    with Caller(staff.api_url) as nobody:
        found = nobody.ask(query, c=CHANNEL)["products"]["edges"]
    return {
        one["node"]["slug"]: float(one["node"]["pricing"]["priceRange"]["start"]["gross"]["amount"])
        for one in found
    }
