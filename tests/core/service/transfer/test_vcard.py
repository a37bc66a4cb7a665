"""vCards of any program give their fields; a bad one is reported by its number and line, and stops nothing."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import quopri
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.errors import Invalid
from crm_core.service.transfer import (
    Card,
    CardResult,
    Labelled,
    Messenger,
    PostalAddress,
    card_text,
    read_cards,
)

Put = Callable[..., Path]


def card_in(path: Path) -> Card:
    (result,) = read_cards(path)
    assert result.card is not None, result.problem
    return result.card


def wrap(*lines: str, version: str = "3.0") -> str:
    return "\r\n".join(["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""])


def warnings(result: CardResult) -> list[str]:
    return [warning.id for warning in result.warnings]


def test_a_card_of_version_3_gives_all_its_fields(put: Put) -> None:
    card = card_in(
        put(
            wrap(
                "N:Иванова;Анна;Петровна,Мария;г-жа;",
                "FN:Анна Иванова",
                "NICKNAME:Аня,Нюша",
                "ORG:ООО Ромашка;Отдел\\; продаж;",
                "TITLE:Директор",
                "TEL;TYPE=CELL,VOICE;TYPE=pref:+7 903 111-22-33",
                "item1.TEL:+7 495 1",
                "item1.X-ABLabel:_$!<Assistant>!$_",
                "EMAIL;TYPE=INTERNET,WORK:anna@example.com",
                "X-SKYPE:anna.skype",
                "URL:http\\://example.com",
                "ADR;TYPE=WORK:;оф. 5;ул. Мира\\, 1;Уфа;Башкортостан;450000;Россия",
                "BDAY;VALUE=date:1980-03-22",
                "NOTE:первая\\nвторая\\, третья",
                "CATEGORIES:VIP,клиент",
                "UID:urn:uuid:42",
                "PHOTO;ENCODING=b;TYPE=JPEG:" + "A" * 60,
                " " + "B" * 60,
            )
        )
    )
    assert card == Card(
        uid="42",
        full_name="Анна Иванова",
        last="Иванова",
        first="Анна",
        middle="Петровна Мария",
        prefix="г-жа",
        nicknames=("Аня", "Нюша"),
        organizations=(("ООО Ромашка", "Отдел; продаж"),),
        titles=("Директор",),
        phones=(
            Labelled(value="+7 903 111-22-33", types=("cell",), preferred=True),
            Labelled(value="+7 495 1", custom="Assistant"),
        ),
        emails=(Labelled(value="anna@example.com", types=("work",)),),
        messengers=(Messenger(value="anna.skype", service="skype"),),
        urls=(Labelled(value="http://example.com"),),
        addresses=(
            PostalAddress(
                extended="оф. 5",
                street="ул. Мира, 1",
                city="Уфа",
                region="Башкортостан",
                postcode="450000",
                country="Россия",
                types=("work",),
            ),
        ),
        birthday=dt.date(1980, 3, 22),
        note="первая\nвторая, третья",
        categories=("VIP", "клиент"),
    )


def test_values_are_named_by_the_concepts_of_the_mapping(put: Put) -> None:
    lines = ["FN:Иванов Пётр Сергеевич", "TEL;WORK;FAX:1", "ADR;HOME:7;2;Мира 1;Уфа;;;", "ORG:Ромашка", "ROLE:юрист"]
    values = card_in(put(wrap(*lines, version="2.1"))).values()
    assert [values[name] for name in ("last_name", "first_name", "middle_name")] == ["Иванов", "Пётр", "Сергеевич"]
    assert values["phones"] == [{"value": "1", "label": "fax", "is_primary": False}]
    assert values["addresses"][0]["lines"] == "Мира 1\n2\n7"
    assert (values["account_name"], values["position"]) == ("Ромашка", "юрист")


def test_phones_of_version_4_are_given_as_they_are_dialled(put: Put) -> None:
    card = card_in(put(wrap('TEL;VALUE=uri;TYPE="work,voice";PREF=1:tel:+1-418-656-9254;ext=102', version="4.0")))
    assert card.phones == (Labelled(value="+1-418-656-9254 ext. 102", types=("work",), preferred=True),)


@pytest.mark.parametrize(
    ("written", "day", "text"),
    [
        ("BDAY:19800322", dt.date(1980, 3, 22), ""),
        ("BDAY:1980-03-22T00:00:00Z", dt.date(1980, 3, 22), ""),
        ("BDAY:--0203", None, "--0203"),
        ("BDAY;VALUE=text:circa 1800", None, "circa 1800"),
        ("BDAY;ALTID=1:19800322\r\nBDAY;ALTID=1;VALUE=text:spring", dt.date(1980, 3, 22), ""),
    ],
)
def test_a_birthday_is_a_date_or_stays_text(put: Put, written: str, day: dt.date | None, text: str) -> None:
    card = card_in(put(wrap("FN:A", written)))
    assert (card.birthday, card.birthday_text) == (day, text)


def quoted(text: str, encoding: str) -> str:
    return quopri.encodestring(text.encode(encoding), quotetabs=True).decode("ascii").replace("\n", "\r\n")


def test_quoted_printable_with_soft_breaks_and_a_charset_is_decoded(put: Put) -> None:
    long = "Общество с ограниченной ответственностью «Северо-Западная промышленная группа»"
    body = quoted(long, "cp1251")
    assert "=\r\n" in body
    card = card_in(put(wrap(f"ORG;CHARSET=windows-1251;ENCODING=QUOTED-PRINTABLE:{body}", version="2.1")))
    assert card.organizations == ((long,),)


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "utf-8"])
def test_quoted_printable_without_a_charset_is_recognised(put: Put, encoding: str) -> None:
    body = quoted("Кузнецова;Ольга;Петровна;;", encoding)
    card = card_in(put(wrap(f"N;ENCODING=QUOTED-PRINTABLE:{body}", version="2.1")))
    assert (card.last, card.first, card.middle) == ("Кузнецова", "Ольга", "Петровна")


def test_a_soft_break_at_the_end_does_not_swallow_the_next_property(put: Put) -> None:
    (first, second) = read_cards(
        put("BEGIN:VCARD\nNOTE;ENCODING=QUOTED-PRINTABLE:a=\nEND:VCARD\nBEGIN:VCARD\nFN:B\nEND:VCARD\n")
    )
    assert first.problem is not None
    assert second.card is not None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-16-le", "cp1251", "koi8-r"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_files_in_every_encoding_and_with_every_line_end_are_read(put: Put, encoding: str, end: str) -> None:
    text = (wrap("FN:Анна Кузнецова", "N:Кузнецова;Анна;;;") * 2).replace("\r\n", end)
    results = list(read_cards(put(text, encoding=encoding)))
    assert [result.card.full_name for result in results if result.card] == ["Анна Кузнецова"] * 2
    assert [result.line for result in results] == [1, 6]


def test_a_character_may_be_cut_by_the_folding(put: Put) -> None:
    data = wrap("FN:Анна").encode().replace("нна".encode(), b"\xd0\r\n \xbd\xd0\xbd\xd0\xb0")
    assert card_in(put(data)).full_name == "Анна"


def test_pictures_are_left_out_however_they_are_folded(put: Put) -> None:
    picture = base64.b64encode(bytes(range(256)) * 4).decode()
    pieces = [picture[start : start + 70] for start in range(0, len(picture), 70)]
    for fold in ("\r\n ", "\r\n    ", "\r\n\t", "\r\n"):
        text = wrap("FN:A", "PHOTO;ENCODING=BASE64;JPEG:" + fold.join(pieces), "", "TEL:1", version="2.1")
        (result,) = read_cards(put(text))
        assert result.warnings == ()
        assert result.card == Card(full_name="A", phones=(Labelled(value="1"),))


def test_a_card_within_a_card_is_left_out(put: Put) -> None:
    for agent in (["AGENT:", "BEGIN:VCARD"], ["AGENT:BEGIN:VCARD"]):
        text = wrap("FN:Chief", *agent, "FN:Secretary", "TEL:2", "END:VCARD", "TEL:1") + wrap("FN:Next")
        chief, following = read_cards(put(text))
        assert chief.card == Card(full_name="Chief", phones=(Labelled(value="1"),))
        assert following.card == Card(full_name="Next")


def test_a_missing_end_does_not_merge_two_cards(put: Put) -> None:
    text = "BEGIN:VCARD\nFN:A\nTEL:1\nBEGIN:VCARD\nFN:B\nTEL:2\nEND:VCARD\nBEGIN:VCARD\nFN:C\n"
    results = list(read_cards(put(text)))
    assert [(result.card.full_name, result.line) for result in results if result.card] == [("A", 1), ("B", 4), ("C", 8)]
    assert [warnings(result) for result in results] == [["card.no_end"], [], ["card.no_end"]]


def test_a_missing_beginning_costs_only_what_stands_before_the_name(put: Put) -> None:
    (result,) = read_cards(put("VERSION:3.0\nFN:A\nTEL:1\nEND:VCARD\n"))
    assert result.card == Card(full_name="A", phones=(Labelled(value="1"),))
    assert warnings(result) == ["card.no_begin"]


def test_junk_lines_are_reported_and_left_out(put: Put) -> None:
    (result,) = read_cards(put(wrap("FN:A", "!!! no property", "TEL:1")))
    assert result.card == Card(full_name="A", phones=(Labelled(value="1"),))
    assert [str(warning.message) for warning in result.warnings] == ["Line 4 was left out: it is no part of a vCard."]


def test_an_empty_card_is_a_problem_that_names_its_number_and_line(put: Put) -> None:
    good, bad, last = read_cards(put(wrap("FN:A") + wrap("NOTE:nothing") + wrap("FN:C")))
    assert (good.problem, last.problem) == (None, None)
    assert bad.card is None
    assert bad.problem is not None
    assert "2 (line 5)" in str(bad.problem.message)
    assert (bad.number, bad.line, bad.problem.row) == (2, 5, 1)


def test_a_property_that_is_too_long_is_left_out_with_a_warning(put: Put) -> None:
    (result,) = read_cards(put(wrap("FN:A", "NOTE:" + "x" * 300_000)))
    assert result.card == Card(full_name="A")
    assert warnings(result) == ["card.too_large"]


def test_parameters_without_a_value_do_no_harm(put: Put) -> None:
    card = card_in(put(wrap("FN;CHARSET=;ENCODING=:A", "TEL;TYPE=;;PREF:1", version="2.1")))
    assert card == Card(full_name="A", phones=(Labelled(value="1", preferred=True),))


def test_an_unknown_charset_and_broken_bytes_are_flagged_not_fatal(put: Put) -> None:
    text = wrap("N;CHARSET=rot13:Doe;Jane;;;", "FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Ja=C3", version="2.1")
    (result,) = read_cards(put(text))
    assert result.card is not None
    assert (result.card.last, result.card.first) == ("Doe", "Jane")
    assert warnings(result) == ["card.encoding"]


@pytest.mark.parametrize(
    "text",
    ["BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:1\nEND:VEVENT\nEND:VCALENDAR\n", "a;b\n1;2\n", '["vcard"]', ""],
)
def test_a_file_without_cards_is_refused_as_a_whole(put: Put, text: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_cards(put(text))
    assert [problem.id for problem in caught.value.problems] == ["file.not_vcard"]


def test_messengers_are_told_by_parameter_scheme_or_property(put: Put) -> None:
    lines = ["IMPP;X-SERVICE-TYPE=Telegram:x-apple:anna", "IMPP:xmpp:anna@jabber.ru", "X-ICQ:123", "X-TELEGRAM:@a"]
    card = card_in(put(wrap("FN:A", *lines)))
    assert [(each.service, each.value) for each in card.messengers] == [
        ("telegram", "anna"),
        ("jabber", "anna@jabber.ru"),
        ("icq", "123"),
        ("telegram", "@a"),
    ]


def test_lines_are_folded_at_75_octets_between_characters() -> None:
    text = card_text(Card(full_name="Ж" * 200))
    assert max(len(line.encode()) for line in text.split("\r\n")) <= 75
    assert text.replace("\r\n ", "").splitlines()[2] == "FN:" + "Ж" * 200


def test_no_other_version_is_written() -> None:
    with pytest.raises(ValueError, match=r"2\.1"):
        card_text(Card(full_name="A"), "2.1")


WORD = st.text(st.sampled_from("aЯ1,;:\\\"'\n=-^@ é"), max_size=12).map(str.strip)
FILLED = WORD.filter(bool)
TYPES = st.sets(st.sampled_from(["work", "home", "cell", "fax", "own type"])).map(lambda types: tuple(sorted(types)))
LABELLED = st.builds(
    Labelled, value=FILLED.filter(lambda text: ":" not in text), types=TYPES, custom=WORD, preferred=st.booleans()
)
CARDS = st.builds(
    Card,
    uid=WORD.filter(lambda text: not text.startswith("urn:")),
    full_name=FILLED,
    last=WORD, first=WORD, middle=WORD, prefix=WORD, suffix=WORD,
    nicknames=st.lists(FILLED, max_size=3, unique=True).map(tuple),
    organizations=st.lists(st.lists(FILLED, min_size=1, max_size=3).map(tuple), max_size=2, unique=True).map(tuple),
    titles=st.lists(FILLED, max_size=2, unique=True).map(tuple),
    phones=st.lists(LABELLED, max_size=3).map(tuple),
    emails=st.lists(LABELLED, max_size=2).map(tuple),
    addresses=st.lists(
        st.builds(PostalAddress, street=FILLED, city=WORD, country=WORD, types=TYPES, custom=WORD), max_size=2
    ).map(tuple),
    birthday=st.none() | st.dates(min_value=dt.date(1000, 1, 1)),
    note=WORD,
    categories=st.lists(FILLED, max_size=3, unique=True).map(tuple),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(CARDS, st.sampled_from(["3.0", "4.0"]))
def test_every_card_reads_back_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, card: Card, version: str
) -> None:
    path = tmp_path_factory.mktemp("cards") / "card.vcf"
    path.write_bytes(card_text(card, version).encode())
    assert card_in(path) == card


def vcard_files(shared: Path) -> list[Path]:
    return sorted(path for path in (shared / "vcards").rglob("*") if path.is_file() and path.suffix == ".vcf")


def test_every_real_card_is_read_and_survives_both_versions(shared: Path, tmp_path: Path) -> None:
    count = 0
    for path in vcard_files(shared):
        if b"VCALENDAR" in path.read_bytes()[:200]:
            continue
        for result in read_cards(path):
            count += 1
            assert (result.card is None) == (result.problem is not None), path.name
            for version in ("3.0", "4.0") if result.card else ():
                assert result.card is not None
                copy = tmp_path / "copy.vcf"
                copy.write_bytes(card_text(result.card, version).encode())
                again = card_in(copy)
                lost = [
                    field.name
                    for field in dataclasses.fields(Card)
                    if getattr(again, field.name) != getattr(result.card, field.name)
                ]
                assert lost == [], (path.name, version)
    assert count >= 27


def test_the_example_of_rfc_6350_is_read(shared: Path) -> None:
    card = card_in(shared / "vcards" / "ez-vcard" / "io__text__rfc6350-example.vcf")
    assert (card.last, card.first, card.suffix, card.birthday_text) == ("Perreault", "Simon", "ing. jr M.Sc.", "--0203")
    assert card.organizations == (("Viagenie",),)
    assert [phone.value for phone in card.phones] == ["+1-418-656-9254 ext. 102", "+1-418-262-6501"]
    assert card.addresses[0].postcode == "G1V 2M2"


def test_files_that_are_no_vcards_are_refused(shared: Path) -> None:
    for name in (
        "libical/user-cal.vcf",
        "ez-vcard/io__json__jcard-example.json",
        "ez-vcard/io__xml__rfc6351-example.xml",
    ):
        with pytest.raises(Invalid):
            read_cards(shared / "vcards" / name)
