"""Names what stands between Saleor and our address of events, from one answer it got there; asks nobody.

Saleor never repeats what was answered with 3xx or 4xx, so each of these loses events until it is mended. An answer
of the plugin's own carries a header, by which it is told from whatever else may say 401 or 503.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import SplitResult, urljoin, urlsplit

#: Sent with every answer of the address of events.
DOOR: Final = "X-Loyalty-Door"

Cause = tuple[str, dict[str, Any]]


def cause(url: str, status: int | None, headers: Mapping[str, str], text: str) -> Cause | None:
    """The obstacle as (code of the doctor's advice, facts), None where the plugin itself has answered.

    `status` None: there was no answer, and `text` says why not.
    """
    if status is None:
        return _no_answer(url, text)
    sent = {name.lower(): value for name, value in headers.items()}
    facts = {"url": url, "status": status}
    if 300 <= status < 400 and sent.get("location"):
        return _redirect(url, urljoin(url, sent["location"]), status)
    if DOOR.lower() in sent:
        return None
    if status == 407 or (status == 401 and "www-authenticate" in sent):
        return "url_guarded", facts
    if status == 403:
        return "url_filtered", facts
    if status == 400 and ("DisallowedHost" in text or "Bad Request (400)" in text):
        return "url_host_refused", facts
    if "html" in sent.get("content-type", "") and status < 500:
        return "url_page", facts
    return "url_answers", facts


def _redirect(url: str, to: str, status: int) -> Cause:
    here, there = urlsplit(url), urlsplit(to)
    return _kind(here, there), {"url": url, "to": to, "status": status}


def _kind(here: SplitResult, there: SplitResult) -> str:
    if re.search(r"log[-_]?in|sign[-_]?in|sso|oauth", there.path + there.netloc, re.IGNORECASE):
        return "url_guarded"
    if (here.hostname or "") != (there.hostname or ""):
        return "url_other_host"
    if here.scheme == "http" and there.scheme == "https":
        return "url_to_https"
    if here.path.rstrip("/") == there.path.rstrip("/"):
        return "url_slash"
    if re.fullmatch(r"/[a-z]{2,3}(-[A-Za-z0-9]+)*" + re.escape(here.path) + "/?", there.path):
        return "url_language"
    return "url_redirects"


def _no_answer(url: str, text: str) -> Cause:
    if _is_address(text.strip()):
        # Saleor's filter says no more than the address it has refused to call.
        return "url_private", {"url": url, "address": text.strip()}
    if re.search(r"certificate|ssl|tls", text, re.IGNORECASE):
        return "url_certificate", {"url": url, "error": text[:200]}
    return "url_away", {"url": url, "error": text[:200]}


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
