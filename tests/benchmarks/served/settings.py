"""The host of the tests for processes of their own: its database comes by the environment, with a pool and
prepared statements, as docs/install.md advises a shop without a pooler between."""

import os

from sandbox.postgres import django_database
from tests.settings import *  # noqa: F403

ROOT_URLCONF = "tests.benchmarks.served.urls"
DATABASES = {"default": django_database(os.environ["BENCH_DATABASE_URL"])}
DATABASES["default"]["OPTIONS"] |= {"pool": {"min_size": 1, "max_size": 12}, "prepare_threshold": 2}
