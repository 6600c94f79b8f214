"""The plugin's messages: found in its sources, merged into its catalogues and compiled, without gettext's own tools.

`python -m tests.messages` brings the catalogues up to the sources: new messages are empty, never guessed from others.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT: Final = Path(__file__).parents[1]
SOURCES: Final = ROOT / "loyalty_plugin"
LOCALE: Final = SOURCES / "locale"
LANGUAGES: Final = ("de", "zh_Hans")
_DATE: Final = datetime(2026, 1, 1, tzinfo=UTC)
#: What our sources call the functions, with the places of singular and plural.
_KEYWORDS: Final = {
    **dict.fromkeys(("_", "N_", "gettext", "gettext_lazy", "gettext_noop", "later"), None),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}


def texts() -> Iterator[tuple[str, str]]:
    """Each source that can hold messages, as Python that can be read for them: its path and its text."""
    for path in sorted(SOURCES.rglob("*.py")):
        if "migrations" not in path.parts:
            yield str(path.relative_to(ROOT)), path.read_text()
    for path in sorted((SOURCES / "templates").rglob("*")):
        if path.is_file():
            # Without its indentation, which no Python would have.
            lines = templatize(path.read_text()).splitlines()
            yield str(path.relative_to(ROOT)), "\n".join(line.strip() for line in lines)


def sources() -> Catalog:
    """All messages of the sources as they are now."""
    found = Catalog(project="loyalty-plugin", charset="utf-8")
    for path, text in texts():
        for _line, message, _comments, context in extract(
            "python", BytesIO(text.encode()), keywords=_KEYWORDS, options={"encoding": "utf-8"}
        ):
            if message and message != ("", ""):
                found.add(message, locations=[(path, 0)], context=context)
    return found


def catalogue(language: str) -> Catalog:
    """A language's catalogue as it is kept; empty where there is none yet."""
    path = LOCALE / language / "LC_MESSAGES" / "django.po"
    if not path.exists():
        return Catalog(locale=language, project="loyalty-plugin", charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=language)


def keep(language: str, found: Catalog) -> None:
    """Write a catalogue down, as text and compiled."""
    folder = LOCALE / language / "LC_MESSAGES"
    folder.mkdir(parents=True, exist_ok=True)
    found.fuzzy = False
    found.header_comment = (
        f"# The plugin's messages, {found.locale.english_name if found.locale else language}."
    )
    found.msgid_bugs_address = found.last_translator = found.language_team = ""
    # So that two who merge the same messages write the same file.
    found.revision_date = found.creation_date = _DATE
    with (folder / "django.po").open("wb") as file:
        write_po(file, found, sort_output=True, omit_header=False, include_lineno=False, width=120)
    (folder / "django.mo").write_bytes(compiled(found))


def compiled(found: Catalog) -> bytes:
    """What Django reads."""
    file = BytesIO()
    write_mo(file, found)
    return file.getvalue()


def main() -> None:
    """Bring all catalogues up to the sources."""
    now = sources()
    for language in LANGUAGES:
        found = catalogue(language)
        found.update(now, no_fuzzy_matching=True)
        found.obsolete.clear()
        keep(language, found)
        missing = sum(
            not all(one.string if isinstance(one.string, tuple) else (one.string,)) for one in found if one.id
        )
        print(f"{language}: {len(found)} messages, {missing} not translated")


if __name__ == "__main__":
    main()
