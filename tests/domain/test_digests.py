"""The digest of what was asked is that of its canonical JSON, whichever encoder writes it; no database needed."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from loyalty_plugin.domain.ledger import input_digest

values = st.text() | st.integers() | st.datetimes(timezones=st.just(UTC))
deep = st.booleans() | st.none() | st.lists(st.integers()) | st.dictionaries(st.text(), st.integers())


@given(st.dictionaries(st.text(), values | deep))
def test_it_is_the_digest_of_sorted_json_without_spaces_in_utf_8(request: dict[str, object]) -> None:
    canonical = json.dumps(
        request, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=datetime.isoformat
    )
    assert input_digest(request) == hashlib.sha256(canonical.encode()).digest()


@given(st.dictionaries(st.text(), values))
def test_the_order_of_what_was_asked_does_not_matter(request: dict[str, object]) -> None:
    assert input_digest(dict(reversed(request.items()))) == input_digest(request)
