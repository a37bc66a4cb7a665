"""Reading and writing records over HTTP."""

from __future__ import annotations

from typing import Any

import httpx

from crm_core.db.base import new_id

Json = dict[str, Any]


def make_account(api: httpx.Client, **values: Any) -> Json:
    answer = api.post("/core/accounts", json={"name": "Ромашка", **values})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_a_new_record_is_found_where_the_answer_says(api: httpx.Client) -> None:
    answer = api.post("/core/accounts", json={"name": "Ромашка", "revenue": "1234.50", "tags": ["vip"]})
    assert answer.status_code == 201
    assert answer.headers["ETag"] == '"v1"'
    found = api.get(httpx.URL(answer.headers["Location"]).path.removeprefix("/api/v1"))
    assert found.status_code == 200
    assert found.json()["name"] == "Ромашка"


def test_what_creating_answers_is_what_reading_answers(api: httpx.Client) -> None:
    made = make_account(api, revenue="1234.50", city="Тверь")
    read = api.get(f"/core/accounts/{made['id']}").json()
    assert {name: read[name] for name in made} == made


def test_parts_come_back_in_their_normal_form(api: httpx.Client) -> None:
    made = make_account(api, phones=["8 (903) 236-55-44"], emails=["Anna@Example.COM"], tags=["vip"])
    read = api.get(f"/core/accounts/{made['id']}").json()
    assert [phone["norm"] for phone in read["phones"]] == ["+79032365544"]
    assert [email["norm"] for email in read["emails"]] == ["anna@example.com"]
    assert read["tags"] == ["vip"]
    assert (read["phone"], read["email"]) == ("+79032365544", "anna@example.com")


def test_amounts_are_decimal_text_without_needless_zeros(api: httpx.Client) -> None:
    made = make_account(api, revenue="1200000.5000")
    assert api.get(f"/core/accounts/{made['id']}").json()["revenue"] == "1200000.5"


def test_pages_hold_every_record_once_in_the_order_asked_for(api: httpx.Client) -> None:
    for number in range(7):
        make_account(api, name=f"Фирма {number}")
    seen: list[str] = []
    page: Json = {"next": ""}
    while page["next"] is not None:
        page = api.get("/core/accounts", params={"limit": 3, "sort": "-name", "cursor": page["next"]}).json()
        seen += [item["name"] for item in page["items"]]
    assert seen == [f"Фирма {number}" for number in reversed(range(7))]


def test_the_previous_page_is_the_one_before(api: httpx.Client) -> None:
    for number in range(5):
        make_account(api, name=f"Фирма {number}")
    first = api.get("/core/accounts", params={"limit": 2}).json()
    second = api.get("/core/accounts", params={"limit": 2, "cursor": first["next"]}).json()
    back = api.get("/core/accounts", params={"limit": 2, "cursor": second["previous"]}).json()
    assert first["previous"] is None
    assert back["items"] == first["items"]


def test_a_list_shows_exactly_the_fields_asked_for(api: httpx.Client) -> None:
    make_account(api, emails=["a@example.com"])
    (item,) = api.get("/core/accounts", params={"fields": "city,emails"}).json()["items"]
    assert set(item) == {"id", "version", "city", "emails"}
    assert item["emails"][0]["value"] == "a@example.com"


def test_filters_choose_records(api: httpx.Client) -> None:
    for number, city in enumerate(["Тверь", "Тверь", "Орёл"]):
        make_account(api, name=f"Фирма {number}", city=city, employees=number)

    def names(**params: Any) -> list[str]:
        return [item["name"] for item in api.get("/core/accounts", params=params).json()["items"]]

    assert names(city="Тверь") == ["Фирма 0", "Фирма 1"]
    assert names(**{"employees.ge": 1, "city": "Тверь"}) == ["Фирма 1"]
    assert names(**{"city.in": "Орёл,Клин"}) == ["Фирма 2"]
    assert names(**{"name.contains": "фирма 2"}) == ["Фирма 2"]
    assert names(**{"website.empty": "false"}) == []
    assert names(q="фирм") == ["Фирма 0", "Фирма 1", "Фирма 2"]


def test_words_of_the_wrong_keyboard_layout_are_understood_and_said_so(api: httpx.Client) -> None:
    make_account(api, name="Ромашка")
    found = api.get("/core/accounts", params={"q": "hjvfirf"}).json()
    assert [item["name"] for item in found["items"]] == ["Ромашка"]
    assert found["read_as"] == "ромашка"


def test_a_parameter_that_does_not_fit_is_named(api: httpx.Client) -> None:
    wrong = {
        "colour": "red", "employees.ge": "many", "name.between": "a", "sort": "nothing", "fields": "name,nothing",
        "limit": "1000", "cursor": "abc", "owner_id": "me", "category": "enemy",
    }  # fmt: skip
    for name, value in wrong.items():
        answer = api.get("/core/accounts", params={name: value})
        assert (answer.status_code, [problem["field"] for problem in answer.json()["errors"]]) == (422, [name])


def test_an_unchanged_record_is_not_sent_again(api: httpx.Client) -> None:
    made = make_account(api)
    tag = api.get(f"/core/accounts/{made['id']}").headers["ETag"]
    answer = api.get(f"/core/accounts/{made['id']}", headers={"If-None-Match": tag})
    assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", tag)
    changed = api.get(f"/core/accounts/{made['id']}", headers={"If-None-Match": '"v0", "v7"'})
    assert changed.status_code == 200


def test_a_change_needs_the_version_that_was_seen(api: httpx.Client) -> None:
    made = make_account(api)
    answer = api.patch(f"/core/accounts/{made['id']}", json={"city": "Тверь"})
    assert answer.status_code == 428
    assert "If-Match" in answer.json()["hint"]


def test_a_change_answers_the_whole_record_with_its_new_tag(api: httpx.Client) -> None:
    made = make_account(api, tags=["vip"])
    answer = api.patch(f"/core/accounts/{made['id']}", json={"city": "Тверь"}, headers={"If-Match": '"v1"'})
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"v2"')
    assert answer.json() == api.get(f"/core/accounts/{made['id']}").json()
    assert (answer.json()["city"], answer.json()["tags"]) == ("Тверь", ["vip"])


def test_a_change_of_another_version_gets_the_record_as_it_is_now(api: httpx.Client) -> None:
    made = make_account(api)
    path = f"/core/accounts/{made['id']}"
    api.patch(path, json={"city": "Тверь"}, headers={"If-Match": '"v1"'})
    for tag in ('"v1"', 'W/"v2"', '"other"', "v2"):
        answer = api.patch(path, json={"city": "Клин"}, headers={"If-Match": tag})
        assert (answer.status_code, answer.headers["ETag"]) == (412, '"v2"')
        assert answer.json()["current"] == api.get(path).json()
    assert api.get(path).json()["city"] == "Тверь"


def test_the_tag_of_a_compressed_answer_stands_for_the_same_version(api: httpx.Client) -> None:
    made = make_account(api)
    path = f"/core/accounts/{made['id']}"
    tag = api.get(path, headers={"Accept-Encoding": "br"}).headers["ETag"]
    assert tag == '"v1:br"'
    assert api.get(path, headers={"If-None-Match": tag}).status_code == 304
    assert api.patch(path, json={"city": "Тверь"}, headers={"If-Match": tag}).status_code == 200


def test_a_star_changes_whatever_version_there_is(api: httpx.Client) -> None:
    made = make_account(api)
    answer = api.patch(f"/core/accounts/{made['id']}", json={"city": "Тверь"}, headers={"If-Match": "*"})
    assert answer.status_code == 200


def test_null_empties_a_field(api: httpx.Client) -> None:
    made = make_account(api, city="Тверь")
    answer = api.patch(f"/core/accounts/{made['id']}", json={"city": None}, headers={"If-Match": '"v1"'})
    assert answer.json()["city"] is None


def test_a_record_in_the_trash_is_gone_until_it_is_restored(api: httpx.Client) -> None:
    made = make_account(api)
    path = f"/core/accounts/{made['id']}"
    assert api.delete(path).status_code == 428
    assert api.delete(path, headers={"If-Match": '"v9"'}).status_code == 412
    answer = api.delete(path, headers={"If-Match": '"v1"'})
    assert (answer.status_code, answer.content) == (204, b"")
    assert api.get(path).status_code == 404
    assert api.get("/core/accounts").json()["items"] == []
    restored = api.post(f"{path}/restore")
    assert restored.status_code == 200
    assert restored.json() == api.get(path).json()
    assert api.post(f"{path}/restore").status_code == 404


def test_many_records_change_together(api: httpx.Client) -> None:
    made = [make_account(api, name=f"Фирма {number}")["id"] for number in range(3)]
    answer = api.post("/core/accounts/bulk", json={"ids": made[:2], "set": {"category": "customer"}})
    assert answer.json() == {"updated": 2}
    customers = api.get("/core/accounts", params={"category": "customer"}).json()["items"]
    assert [item["id"] for item in customers] == made[:2]


def test_a_filter_names_the_records_of_a_bulk_change(api: httpx.Client) -> None:
    user = api.get("/core/users").json()["items"][0]["id"]
    for number in range(4):
        make_account(api, name=f"Фирма {number}", employees=number, owner_id=None)
    answer = api.post(
        "/core/accounts/bulk",
        json={"filter": {"employees.ge": "2"}, "set": {"owner_id": user}, "reason": "новый участок"},
    )
    assert answer.json() == {"updated": 2}
    assert len(api.get("/core/accounts", params={"owner_id": user}).json()["items"]) == 2


def test_a_bulk_change_that_is_not_clear_is_refused(api: httpx.Client) -> None:
    city = {"city": "Тверь"}
    unclear: list[tuple[Json, str]] = [
        ({"set": city}, "ids"),
        ({"ids": [], "filter": {}, "set": city}, "ids"),
        ({"ids": ["x"], "set": city}, "ids"),
        ({"filter": {}, "set": city}, "filter"),
        ({"filter": {"employees": 3}, "set": city}, "filter"),
        ({"ids": [], "set": {}}, "set"),
        ({"ids": [], "set": {"colour": "red"}}, "colour"),
        ({"ids": [], "set": city, "all": True}, "all"),
    ]
    for body, field in unclear:
        answer = api.post("/core/accounts/bulk", json=body)
        assert (answer.status_code, [problem["field"] for problem in answer.json()["errors"]]) == (422, [field]), body


def test_a_bulk_change_of_a_record_that_is_not_there_changes_none(api: httpx.Client) -> None:
    made = make_account(api)
    body = {"ids": [made["id"], new_id()], "set": {"city": "Тверь"}}
    assert api.post("/core/accounts/bulk", json=body).status_code == 404
    assert api.get(f"/core/accounts/{made['id']}").json()["city"] is None


def test_contacts_are_records_like_accounts(api: httpx.Client) -> None:
    account = make_account(api)
    answer = api.post("/core/contacts", json={"last_name": "Семёнов", "account_id": account["id"]})
    assert answer.status_code == 201
    assert answer.json()["name"] == "Семёнов"
    read = api.get(f"/core/contacts/{answer.json()['id']}").json()
    assert read["account"] == "Ромашка"
