"""The launcher: stops all it started and nothing else, speaks plainly when it can't start."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox import cli
from sandbox.launch import system
from sandbox.launch.folder import DataFolder, environment_of
from sandbox.launch.ports import free_ports, require_free
from sandbox.launch.processes import ROOT, Processes
from sandbox.launch.steps import Step
from sandbox.launch.terminal import LaunchError
from sandbox.launch.world import SHOP, World
from tests import database
from tests.scale import FULL, PATIENCE

ENDLESS = "import time\nwhile True: time.sleep(1)"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STUBBORN = (
    f"import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf', flush=True)\n{ENDLESS}"
)


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    started = Processes({"GREETING": "good day"}, tmp_path)
    yield started
    started.stop()


def is_alive(pid: int) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def until(reached: object, seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not reached():  # type: ignore[operator]
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


class TestProcesses:
    def test_stopping_ends_what_was_started_and_its_children(
        self, processes: Processes, tmp_path: Path
    ) -> None:
        stranger = subprocess.Popen([sys.executable, "-c", ENDLESS])
        parent = (
            "import subprocess, sys\n"
            f"print(subprocess.Popen([sys.executable, '-c', {ENDLESS!r}]).pid, flush=True)\n{ENDLESS}"
        )
        child = processes.start("parent", "-c", parent)
        until(lambda: child.log.read_text().strip())
        grandchild = int(child.log.read_text())
        assert is_alive(grandchild)

        processes.stop()
        until(lambda: not is_alive(grandchild))
        assert child.process.returncode == -signal.SIGTERM
        assert is_alive(stranger.pid)
        stranger.kill()
        stranger.wait()

    def test_what_does_not_listen_is_ended_by_force(
        self, processes: Processes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sandbox.launch.processes.PATIENCE", 0.2)
        child = processes.start("stubborn", "-c", STUBBORN)
        until(lambda: "deaf" in child.log.read_text())
        processes.stop()
        assert child.process.returncode == -signal.SIGKILL

    def test_what_is_started_listens_though_we_were_told_to_be_deaf(
        self, processes: Processes, keep_signals: None
    ) -> None:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        child = processes.start("child", "-c", f"print('here', flush=True)\n{ENDLESS}")
        until(lambda: "here" in child.log.read_text())
        processes.stop()
        assert child.process.returncode == -signal.SIGTERM

    def test_a_death_is_told_with_its_last_words(self, processes: Processes) -> None:
        processes.start("steady", "-c", ENDLESS)
        processes.start(
            "fragile one", "-c", "import os, sys; sys.exit(os.environ['GREETING'] + ', I am out')"
        )
        with pytest.raises(
            LaunchError, match=r"The fragile one ended with 1\.(.|\n)*good day, I am out"
        ) as told:
            processes.watch()
        assert told.value.exit_code == 1

    def test_a_server_that_never_answers_is_told(self, processes: Processes) -> None:
        port = free_ports(1)[0]
        child = processes.start("silent", "-c", f"print('waiting for nobody', flush=True)\n{ENDLESS}")
        with pytest.raises(LaunchError, match=r"The silent does not answer"):
            processes.wait_for(child, f"http://localhost:{port}/", seconds=0.3)

    def test_work_is_waited_for_while_the_others_are_watched(self, processes: Processes) -> None:
        processes.finish(processes.start("work", "-c", "print('done')"))
        with pytest.raises(LaunchError, match="The failing work ended with 3"):
            processes.finish(processes.start("failing work", "-c", "raise SystemExit(3)"))


class TestDataFolder:
    def test_a_foreign_folder_is_refused_and_left_as_it_is(self, tmp_path: Path) -> None:
        (tmp_path / "thesis.txt").write_text("years of work")
        with pytest.raises(LaunchError, match="left as it is"):
            DataFolder(tmp_path)
        assert [one.name for one in tmp_path.iterdir()] == ["thesis.txt"]

    def test_a_story_does_not_empty_the_folder_of_a_shop(self, tmp_path: Path) -> None:
        DataFolder(tmp_path / "data").seeded.touch()
        with pytest.raises(LaunchError, match="left as it is"):
            DataFolder(tmp_path / "data", kind="story")
        assert (tmp_path / "data" / "seeded").exists()

    def test_one_run_at_a_time(self, tmp_path: Path) -> None:
        first = DataFolder(tmp_path / "data")
        with pytest.raises(LaunchError, match=rf"running \(process {os.getpid()}\)"):
            DataFolder(tmp_path / "data")
        assert first.logs.exists()

    def test_data_stays_until_reset(self, tmp_path: Path) -> None:
        first = DataFolder(tmp_path / "data")
        key = first.secret_key()
        first.save_environment({"DATABASE_URL": "postgresql:///shop"})
        (tmp_path / "elsewhere").mkdir()
        (first.path / "link").symlink_to(tmp_path / "elsewhere")
        first.release()

        second = DataFolder(tmp_path / "data")
        assert second.secret_key() == key
        assert environment_of(second.path) == {"DATABASE_URL": "postgresql:///shop"}
        assert (second.path / "secret-key").stat().st_mode & 0o077 == 0
        second.release()

        third = DataFolder(tmp_path / "data")
        third.reset()
        assert third.secret_key() != key
        assert environment_of(third.path) == {}
        assert (tmp_path / "elsewhere").exists()
        third.release()


def test_a_busy_port_is_named_with_a_free_one() -> None:
    port = free_ports(2)[1]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with pytest.raises(
            LaunchError, match=rf"Port {port} is in use\. These are free: .* --port (\d+)"
        ) as told:
            require_free([port - 1, port])
    require_free([int(str(told.value).split()[-1])])


def test_missing_system_libraries_are_named_for_who_may_not_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "LIBRARIES", {"libc.so.6": "libc6", "libnowhere.so.1": "libnowhere1"})
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert system.missing_libraries() == ["libnowhere1"]
    with pytest.raises(LaunchError, match="sudo apt-get install libnowhere1"):
        system.provide(system.missing_libraries(), "Drawing cards")


class TestCommand:
    """`python -m sandbox` itself, as a process of its own."""

    @staticmethod
    def launch(*arguments: str | Path) -> subprocess.Popen[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")}
        command = [sys.executable, "-m", "sandbox", *map(str, arguments)]
        return subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def test_a_mistake_gets_a_sentence_and_no_stack_trace(self, tmp_path: Path) -> None:
        (tmp_path / "thesis.txt").write_text("years of work")
        said, _ = (run := self.launch("--data", tmp_path, "--reset")).communicate(timeout=PATIENCE)
        assert run.returncode == 2
        assert "left as it is" in said
        assert "Traceback" not in said

    @pytest.mark.skipif(bool(system.missing_libraries()), reason="no libraries to draw cards with")
    def test_a_whole_life(self, folder: Path, django_db_setup: None) -> None:
        """Ctrl-C leaves no process, a killed launcher only a PostgreSQL, which the next start stops."""
        data, port = folder / "data", free_ports(2)[0]
        if (
            not FULL
        ):  # making all tables takes half a minute, and projects in tests/install have them made as well
            DataFolder(data).release()
            database.lay_out(data / "postgres", SHOP)
        run = self.start_shop(data, port)
        started = processes_of(data)
        for name in ("granian", "sandbox.saleor", "procrastinate worker", "postgres"):
            assert any(name in command for command in started.values()), name
        run.send_signal(signal.SIGINT)
        said, _ = run.communicate(timeout=PATIENCE)
        assert (run.returncode, said) == (0, "\nStopped.\n")
        assert [command for pid, command in started.items() if is_alive(pid)] == []

        run = self.start_shop(data, port)
        started = processes_of(data)
        server = int((data / "postgres" / "postmaster.pid").read_text().split()[0])
        run.kill()
        run.communicate()
        until(lambda: [pid for pid in started if is_alive(pid) and "postgres" not in started[pid]] == [])
        assert is_alive(server)

        run = self.start_shop(data, port)
        assert not is_alive(server)
        started = processes_of(data)
        run.terminate()
        said, _ = run.communicate(timeout=PATIENCE)
        assert run.returncode == 0, said
        assert [command for pid, command in started.items() if is_alive(pid)] == []

    def start_shop(self, data: Path, port: int) -> subprocess.Popen[str]:
        run = self.launch("--data", data, "--port", port, "--empty")
        assert run.stdout is not None
        lines = []
        for line in run.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        else:
            run.communicate()
            pytest.fail("".join(lines))
        with urllib.request.urlopen(f"http://localhost:{port}/health/") as answer:
            assert answer.read() == b"ok"
        return run


def processes_of(data: Path) -> dict[int, str]:
    """The commands, by process id, that run for a data folder."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"SANDBOX_DATA={data}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    found[int((data / "postgres" / "postmaster.pid").read_text().split()[0])] = "postgres"
    return found


class TestStory:
    """`story` with the shop replaced by nothing and the story by one of our own."""

    @pytest.fixture(autouse=True)
    def no_shop(self, monkeypatch: pytest.MonkeyPatch, keep_signals: None) -> None:
        @contextlib.contextmanager
        def story_world(folder: DataFolder, ports: list[int]) -> Iterator[World]:
            yield World("http://shop", "http://saleor", "", {}, Processes({}, folder.logs))

        monkeypatch.setattr(cli, "story_world", story_world)
        monkeypatch.setattr(system, "LIBRARIES", {})

    def tell(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, play: object) -> tuple[int, list[object]]:
        monkeypatch.setitem(sys.modules, "sandbox.story", SimpleNamespace(play=play))
        out = tmp_path / "steps.json"
        code = cli.main(["story", "--data", str(tmp_path / "data"), "--json", str(out)])
        return code, json.loads(out.read_text())

    def test_right(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Any) -> None:
        step = Step("a customer pays", "10 points", "10 points", True)
        code, written = self.tell(monkeypatch, tmp_path, lambda context: [step])
        assert code == 0
        assert written == [
            {"step": "a customer pays", "expected": "10 points", "got": "10 points", "ok": True}
        ]
        assert "✓ a customer pays" in capsys.readouterr().out

    def test_wrong(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Any) -> None:
        step = Step("a customer pays", "10 points", "9 points", False)
        code, _ = self.tell(monkeypatch, tmp_path, lambda context: [step])
        assert code == 1
        assert "✗ a customer pays\n    expected  10 points\n    got       9 points" in capsys.readouterr().out

    def test_broken_off(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        def play(context: object) -> Iterator[Step]:
            yield Step("a customer pays", "10 points", "10 points", True)
            raise KeyError("receipt")

        code, written = self.tell(monkeypatch, tmp_path, play)
        assert code == 1
        assert [one["ok"] for one in written] == [True, False]  # type: ignore[index]
        assert "KeyError" in (tmp_path / "data" / "logs" / "story.log").read_text()

    def test_empty_is_not_right(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        assert self.tell(monkeypatch, tmp_path, lambda context: []) == (1, [])
