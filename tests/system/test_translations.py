"""Everything that a person reads is there in English and in Russian."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
FOLDERS = {"core": "crm_core", "web": "web/crm_web", "example": "plugins/example/crm_example"}
PACKAGES = {domain: ROOT / folder for domain, folder in FOLDERS.items()}
KEYWORDS = {"_": None, "ngettext": (1, 2), "plural": (1, 2), "gettext": None}
METHODS = [("**.py", "python"), ("**.html", "jinja2")]
OPTIONS = {"**.html": {"newstyle_gettext": "true", "trimmed": "true"}}


def used(package: Path) -> Iterator[tuple[str, str | tuple[str, ...]]]:
    found = extract_from_dir(str(package), METHODS, OPTIONS, keywords=KEYWORDS, strip_comment_tags=True)
    for name, line, message, _comments, _context in found:
        yield f"{name}:{line}", message


def translated(domain: str) -> dict[str, tuple[str, ...]]:
    path = PACKAGES[domain] / "locale" / "ru" / "LC_MESSAGES" / f"{domain}.po"
    with path.open("rb") as source:
        catalogue = read_po(source, locale="ru")
    texts: dict[str, tuple[str, ...]] = {}
    for message in catalogue:
        if message.id and not message.fuzzy:
            key = message.id[0] if isinstance(message.id, tuple | list) else message.id
            string = message.string
            texts[key] = tuple(string) if isinstance(string, tuple | list) else (str(string or ""),)
    return texts


@pytest.mark.parametrize("domain", sorted(PACKAGES))
def test_every_message_has_its_russian(domain: str) -> None:
    own, core = translated(domain), translated("core")
    missing = []
    for place, message in used(PACKAGES[domain]):
        key = message[0] if isinstance(message, tuple) else message
        texts = own.get(key) or core.get(key)
        if not key or (texts and all(texts) and len(texts) == (3 if isinstance(message, tuple) else 1)):
            continue
        missing.append(f"{place}: {key}")
    assert not missing, "\n".join(sorted(missing))


@pytest.mark.parametrize("domain", sorted(PACKAGES))
def test_translations_keep_the_places_for_values(domain: str) -> None:
    wrong = []
    for key, texts in translated(domain).items():
        names = set(re.findall(r"%\((\w+)\)[sd]", key))
        wrong += [key for text in texts if set(re.findall(r"%\((\w+)\)[sd]", text)) - names - {"n", "num"}]
        wrong += [key for text in texts[:1] if names - {"n", "num"} - set(re.findall(r"%\((\w+)\)[sd]", text))]
    assert not wrong


@pytest.mark.parametrize("domain", sorted(PACKAGES))
def test_no_translation_is_left_over(domain: str) -> None:
    keys = {message[0] if isinstance(message, tuple) else message for _place, message in used(PACKAGES[domain])}
    assert not sorted(set(translated(domain)) - keys)
