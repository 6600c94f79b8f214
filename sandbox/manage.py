"""Django's commands for the demo shop, also from a second terminal: `python -m sandbox.manage …`."""

import os
import sys
from pathlib import Path

from django.core.management import execute_from_command_line

from sandbox.launch.folder import DEFAULT, environment_of


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sandbox.settings")
    if "SANDBOX_SHOP_URL" not in os.environ:  # not called by the launcher: join the shop that it started
        os.environ.update(environment_of(Path(os.environ.get("SANDBOX_DATA", DEFAULT))))
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
