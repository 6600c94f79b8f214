"""Makes a Wagtail project as its own command makes it, gives it a database, and runs it; knows nothing of loyalty.

The project's Python is the one of LOYALTY_HOST_PYTHON, else the one of the tests: so the same tests try other
versions of Python, Django and Wagtail (see tests/install/matrix.py).
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx

from sandbox.launch.manager import Manager
from sandbox.launch.processes import hear
from sandbox.postgres import django_database

PYTHON = "LOYALTY_HOST_PYTHON"
#: Apps a cell of the matrix adds, by commas: what may be installed beside us.
EXTRA_APPS = "LOYALTY_HOST_APPS"

_USER_MODEL = """
import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
"""


def python() -> str:
    """The interpreter of hosts."""
    return os.environ.get(PYTHON, sys.executable)


def run(*arguments: str, cwd: Path, succeed: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the hosts' Python to its end; its words are the assertion's where it fails."""
    done = subprocess.run(
        [python(), *arguments], cwd=cwd, env=_environment(), capture_output=True, text=True, check=False
    )
    if succeed:
        assert done.returncode == 0, f"{arguments} ended with {done.returncode}\n{done.stdout}{done.stderr}"
    return done


def printed_lines(cwd: Path) -> str:
    """What `loyalty_doctor --settings` prints, before any project is there."""
    command = Path(python()).parent / "loyalty_doctor"
    done = subprocess.run(
        [command, "--settings"], cwd=cwd, env=_environment(), capture_output=True, text=True, check=True
    )
    return done.stdout


def _environment() -> dict[str, str]:
    """Ours, without what tells Django and Python about the tests' own project."""
    left_out = ("DJANGO_SETTINGS_MODULE", "PYTHONPATH", "DATABASE_URL")
    return {key: value for key, value in os.environ.items() if key not in left_out}


class Host:
    """One generated project in a folder of its own, named `shop`."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{port}"
        self.port = port
        self._server: subprocess.Popen[bytes] | None = None
        self._manager: Manager | None = None
        folder.mkdir()
        run("-c", "from wagtail.bin.wagtail import main; main()", "start", "shop", ".", cwd=folder)
        self.settings = folder / "shop" / "settings" / "base.py"
        self.urls = folder / "shop" / "urls.py"
        if extra := os.environ.get(EXTRA_APPS):
            self.append(self.settings, f"INSTALLED_APPS += {extra.split(',')!r}")

    # -- making it ---------------------------------------------------------------------------------------------
    def append(self, file: Path, lines: str) -> None:
        """Write at the end of a file."""
        file.write_text(f"{file.read_text()}\n{lines}\n")

    def apply(self, lines: str, *, saleor_url: str) -> None:
        """The printed lines where they belong, the two addresses filled in."""
        lines = lines.replace("https://YOUR-SALEOR/graphql/", saleor_url).replace(
            "https://YOUR-SHOP", self.url
        )
        settings, urls = lines.split("# urls.py, at the end\n")
        self.append(self.settings, settings)
        self.append(self.urls, urls)

    def use_database(self, url: str, **more: Any) -> None:
        """Let it live on this database; written where a project keeps what differs from machine to machine."""
        entry = {**django_database(url), **more}
        (self.settings.parent / "local.py").write_text(f"DATABASES = {{'default': {entry!r}}}\n")

    def number_users_by_uuid(self) -> None:
        """A user model of the project's own, with another kind of key."""
        self.add_app("people", "models", _USER_MODEL)
        self.append(self.settings, 'AUTH_USER_MODEL = "people.User"')

    def add_app(self, name: str, module: str, code: str) -> None:
        """An app of the project with one module in it."""
        app = self.folder / name
        app.mkdir()
        (app / "__init__.py").touch()
        (app / f"{module}.py").write_text(code.lstrip())
        self.append(self.settings, f"INSTALLED_APPS += [{name!r}]")

    def speak(self, languages: Iterable[str]) -> None:
        """Every address of the project begins with a language."""
        chosen = [(code, code) for code in languages]
        middleware = "django.middleware.locale.LocaleMiddleware"
        self.append(self.settings, f"LANGUAGES = {chosen!r}\nMIDDLEWARE.insert(2, {middleware!r})")
        self.append(
            self.urls,
            "from django.conf.urls.i18n import i18n_patterns\nurlpatterns = i18n_patterns(*urlpatterns)",
        )

    def move_the_back_office(self, path: str) -> None:
        """Wagtail's admin somewhere else."""
        text = self.urls.read_text()
        assert text.count('path("admin/"') == 1
        self.urls.write_text(text.replace('path("admin/"', f'path("{path}"'))

    # -- running it --------------------------------------------------------------------------------------------
    def manage(self, *arguments: str, succeed: bool = True) -> subprocess.CompletedProcess[str]:
        """A Django command of the project; once it is `settled`, all in one process, since each takes seconds to begin."""
        if self._manager is None:
            return run("manage.py", *arguments, cwd=self.folder, succeed=succeed)
        done = self._manager.run(*arguments)
        assert not (succeed and done.returncode), f"{arguments}\n{done.stdout}{done.stderr}"
        return done

    def settled(self) -> None:
        """Nothing more is changed about its settings and its code."""
        environment = {**_environment(), "DJANGO_SETTINGS_MODULE": "shop.settings.dev"}
        self._manager = Manager(python(), self.folder, environment, self.folder / "manager.log")

    def shell(self, code: str) -> str:
        """What this code prints inside the project."""
        return self.manage("shell", "--no-imports", "-c", code).stdout.strip()

    def serve(self) -> None:
        """Start its web server and wait for the first answer."""
        log = (self.folder / "server.log").open("wb")
        with log:
            self._server = subprocess.Popen(
                [python(), "manage.py", "runserver", "--noreload", str(self.port)],
                cwd=self.folder,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=hear,
            )
        until = time.monotonic() + 120
        while time.monotonic() < until:
            assert self._server.poll() is None, self.log()
            try:
                httpx.get(self.url, timeout=60)
            except httpx.TransportError:
                time.sleep(0.1)
            else:
                return
        raise AssertionError(f"the project does not answer\n{self.log()}")

    def log(self) -> str:
        """What the web server has written."""
        return (self.folder / "server.log").read_text(errors="replace")

    def stop(self) -> None:
        """End what was started: the web server by request, after half a minute by force."""
        if self._manager is not None:
            self._manager.close()
            self._manager = None
        if self._server is not None:
            self._server.terminate()
            try:
                self._server.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()
            self._server = None
