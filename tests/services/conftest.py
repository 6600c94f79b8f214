"""Makes the fixtures of this folder known to its tests; decides nothing."""

from tests.services.books import version

__all__ = ["version"]
