"""Where facts recorded from a real Saleor lie, if this machine has them; tests that compare with them say so by a mark."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest

#: The folder that SALEOR_FACTS names: Saleor's schema, webhooks and signatures as they were captured.
FACTS: Final = Path(os.environ["SALEOR_FACTS"]) if os.environ.get("SALEOR_FACTS") else None
WITHOUT: Final = "SALEOR_FACTS names no folder of recorded facts"
needs_facts: Final = pytest.mark.skipif(FACTS is None, reason=WITHOUT)


def facts() -> Path:
    """The folder; skips the test that asks for it on a machine without."""
    if FACTS is None:
        pytest.skip(WITHOUT)
    return FACTS
