"""A person at a browser without script: opens pages, fills in their forms and reads them; knows no page's meaning."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Self
from urllib.parse import urljoin

import httpx
from bs4 import BeautifulSoup, Tag


class LostOnPage(RuntimeError):
    """What was looked for is not on the page, or the page did not open; says so for the story's reader."""


class Visitor:
    """One person with their own cookies."""

    def __init__(self, site: str) -> None:
        self._http = httpx.Client(base_url=site, follow_redirects=True, timeout=120)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._http.close()

    def open(self, path: str) -> Page:
        """A page. Raises LostOnPage unless it answers with 200."""
        return Page(self, self._http.get(path))

    def send(self, url: str, fields: Mapping[str, str]) -> Page:
        return Page(self, self._http.post(url, data=dict(fields)))


class Page:
    """A page as it came: its text, its forms, its bytes."""

    def __init__(self, visitor: Visitor, answer: httpx.Response) -> None:
        self.path = answer.url.path
        if answer.status_code != 200:
            raise LostOnPage(f"{answer.request.method} {self.path} answered {answer.status_code}")
        self._visitor, self._url, self.content = visitor, str(answer.url), answer.content
        self.soup = BeautifulSoup(
            answer.text if "html" in answer.headers["Content-Type"] else "", "html.parser"
        )

    def text(self, selector: str) -> str:
        """The words of the first element a CSS selector finds, with single blanks. Raises LostOnPage."""
        found = self.soup.select_one(selector)
        if found is None:
            raise LostOnPage(f"no {selector} on {self.path}")
        return words(found)

    def texts(self, selector: str) -> list[str]:
        """The words of all elements a CSS selector finds."""
        return [words(found) for found in self.soup.select(selector)]

    def rows(self) -> list[dict[str, str]]:
        """The rows of the page's lists, each cell by the heading of its column; Wagtail has other tables, too."""
        found: list[dict[str, str]] = []
        for table in self.soup.select("table.listing"):
            headings = [words(cell) for cell in table.select("thead th")]
            rows = ([words(cell) for cell in row.select("td")] for row in table.select("tbody tr"))
            found.extend(dict(zip(headings, cells, strict=False)) for cells in rows)
        return found

    def row(self) -> dict[str, str]:
        """The first row of the page's tables. Raises LostOnPage."""
        rows = self.rows()
        if not rows:
            raise LostOnPage(f"no table with rows on {self.path}")
        return rows[0]

    def follow(self, selector: str) -> Page:
        """Click a link. Raises LostOnPage."""
        found = self.soup.select_one(selector)
        if found is None or not found.get("href"):
            raise LostOnPage(f"no link {selector} on {self.path}")
        return self._visitor.open(urljoin(self._url, str(found["href"])))

    def submit(self, fields: Mapping[str, str], *, action: str = "", button: str = "") -> Page:
        """Fill in and send the form that has these fields (or this action, or a button of this name)."""
        form = next((one for one in self.soup.select("form") if _fits(one, fields, action, button)), None)
        if form is None:
            raise LostOnPage(f"no form with {', '.join(fields) or action or button} on {self.path}")
        pressed = {button: "1"} if button else {}
        return self._visitor.send(
            urljoin(self._url, str(form.get("action") or "")), {**_filled_in(form), **fields, **pressed}
        )


def words(element: Tag) -> str:
    return " ".join(element.get_text(" ").split())


def _fits(form: Tag, fields: Mapping[str, str], action: str, button: str) -> bool:
    if str(form.get("method", "get")).lower() != "post" or action not in str(form.get("action") or ""):
        return False
    names = {str(one["name"]) for one in form.select("[name]")}
    return {*fields, *([button] if button else [])} <= names


def _filled_in(form: Tag) -> dict[str, str]:
    """What a browser would send of a form nobody touched, without buttons."""
    found = {}
    for one in form.select("input[name], textarea[name], select[name]"):
        name = str(one["name"])
        if one.name == "textarea":
            found[name] = one.get_text()
        elif one.name == "select":
            chosen = one.select_one("option[selected]") or one.select_one("option")
            found[name] = str(chosen.get("value", chosen.get_text())) if chosen else ""
        elif one.get("type") in ("radio", "checkbox") and not one.has_attr("checked"):
            continue
        elif one.get("type") not in ("submit", "button", "image"):
            found[name] = str(one.get("value") or "")
    return found
