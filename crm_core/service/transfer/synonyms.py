"""The headings under which usual CRM fields appear in the files of other programs, in English and Russian.

A *concept* is what a column means, whatever the field is called here. The phrases are compared without case, spaces,
punctuation and the difference between ё and е, so that ``First Name``, ``FIRST_NAME`` and ``firstname`` are one.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from crm_core.text import fold

__all__ = ["LABELS", "SUBJECTS", "compact", "concept_of", "concepts_by_heading", "is_known_heading"]

_PHRASES: Mapping[str, str] = {
    "external_id": "id|record id|external id|ид|идентификатор|внешний id|внешний код|код|guid|uid|contact id|account id"
    "|person id|organization id|company id|deal id|customer id|client id|lead id",
    "full_name": "name|full name|fullname|contact|contact name|person|person name|contact full name|display name|fio"
    "|fn|фио|ф и о|полное имя|имя и фамилия|фамилия имя отчество|контакт|контактное лицо|имя контакта"
    "|полное имя контакта|фио контакта|основной контакт|customer name|client name|lead name|сотрудник|представитель",
    "last_name": "last name|lastname|surname|family name|second name|person last name|фамилия|фамилия контакта",
    "first_name": "first name|firstname|given name|forename|person first name|имя|имя сотрудника",
    "middle_name": "middle name|middlename|midname|patronymic|additional name|отчество|второе имя|среднее имя",
    "salutation": "salutation|prefix|honorific|title prefix|name prefix|обращение|приветствие",
    "position": "position|job title|jobtitle|title|role|job position|person title|contact title|должность|роль"
    "|должность контакта",
    "birthday": "birthday|birthdate|birth date|date of birth|dob|дата рождения|день рождения|др",
    "language": "language|preferred language|язык|язык общения",
    "do_not_call": "do not call|donotcall|не звонить|не беспокоить",
    "account_name": "account|account name|company|company name|organization|organisation|organization name"
    "|organisation name|associated company|customer|client|firm|employer|компания|название компании|организация"
    "|название организации|наименование организации|название|наименование|клиент|контрагент|фирма|предприятие"
    "|компания контакта|имя компании|место работы|business name|наименование клиента|наименование контрагента|юрлицо",
    "legal_name": "legal name|full legal name|registered name|полное наименование|юридическое название"
    "|юридическое наименование|полное название|официальное название|юридическое лицо",
    "parent_account": "parent|parent account|parent company|parent id|parentid|subsidiary of|холдинг|головная компания"
    "|головная организация|материнская компания|входит в",
    "account_kind": "account type|company type|organization type|customer type|тип компании|тип организации"
    "|тип клиента",
    "category": "category|status|customer status|lifecycle stage|lead status|категория|статус|статус клиента|стадия",
    "industry": "industry|sector|branch|отрасль|сфера деятельности|вид деятельности|сектор|сфера",
    "employees": "employees|number of employees|employee count|headcount|no of employees|company size"
    "|количество сотрудников|число сотрудников|кол во сотрудников|сотрудников|численность",
    "founded": "founded|year founded|year established|established|год основания|основана",
    "revenue": "revenue|annual revenue|turnover|годовой оборот|выручка|оборот|годовой доход",
    "currency": "currency|currency code|валюта|код валюты",
    "inn": "inn|tin|tax id|taxpayer number|инн|инн организации|инн клиента|tax number",
    "kpp": "kpp|кпп",
    "ogrn": "ogrn|огрн|огрнип|ogrnip",
    "vat": "vat|vat number|vat id|vat no|номер ндс",
    "number": "account number|customer number|customer no|client number|номер клиента|номер|код клиента|лицевой счет",
    "source": "source|lead source|original source|utm source|источник|источник лида|канал привлечения|откуда узнали",
    "owner": "owner|owner name|account owner|contact owner|deal owner|assigned to|responsible|manager|sales agent"
    "|sales rep|owner id|ответственный|менеджер|ответственный менеджер|владелец|куратор|ответственный за контакт"
    "|activity assigned to|кем ведется",
    "team": "team|department team|команда|группа ответственных",
    "phone": "phone|phone number|telephone|tel|phones|person phone|organization phone|contact phone|company phone"
    "|телефон|телефоны|номер телефона|тел|контактный телефон|телефон компании|телефон контакта|mobile|cell|cellphone"
    "|mobile phone|fax|fax number|факс|сотовый|мобильный|whatsapp phone",
    "email": "email|e mail|mail|email address|e mail address|emails|person email|organization email|contact email"
    "|почта|эл почта|электронная почта|имейл|емейл|адрес электронной почты|адрес эл почты|мейл|мыло",
    "messenger": "messenger|im|im address|telegram|whatsapp|skype|viber|icq|мессенджер|мессенджеры|телеграм|телеграмм"
    "|вотсап|ватсап|вайбер|скайп|ник в telegram",
    "website": "website|web site|url|web|site|homepage|web page|company domain name|domain|сайт|веб сайт|адрес сайта"
    "|интернет сайт|вебсайт|страница в интернете",
    "address": "address|full address|organization address|company address|postal address|mailing address|адрес"
    "|почтовый адрес|юридический адрес|фактический адрес|адрес доставки|полный адрес|адрес организации"
    "|billing address|shipping address|адрес регистрации|местонахождение",
    "street": "street|street address|address line 1|address 1|улица|улица дом|улица и дом|mailing street"
    "|адрес строка 1",
    "city": "city|town|locality|город|населенный пункт|city town|mailing city",
    "region": "region|state|province|state region|state province|county|регион|область|край|область край"
    "|субъект федерации|штат|mailing state",
    "postcode": "postcode|postal code|zip|zip code|zip postal code|postalcode|индекс|почтовый индекс"
    "|mailing postal code|mailing zip",
    "country": "country|country region|office location|страна|mailing country",
    "tags": "tags|tag|labels|label|теги|тег|метки|метка|группы|ярлыки",
    "description": "description|comment|comments|remarks|about|note|notes|note content|комментарий|комментарии"
    "|примечание|примечания|описание|заметка|заметки|дополнительно|дополнительная информация|доп информация",
    "created_at": "created|created at|create date|created date|date created|creation date|дата создания|создан|создано"
    "|дата добавления",
    "history_kind": "activity type|kind|type|event type|interaction type|тип|вид|тип события|тип активности|тип дела",
    "subject": "subject|activity subject|topic|тема|тема письма|предмет|заголовок|название дела",
    "body": "body|text|message|note body|content|текст|содержание|сообщение|текст заметки|описание дела|результат",
    "occurred_at": "date|activity date|occurred at|happened at|when|date time|datetime|дата|дата и время|когда"
    "|дата события|дата звонка|дата встречи|время",
    "direction": "direction|call direction|направление|направление звонка",
    "outcome": "outcome|result|call outcome|call result|исход|итог|результат звонка",
    "duration": "duration|call duration|duration minutes|длительность|продолжительность|длительность звонка",
}

LABELS: Mapping[str, tuple[str, ...]] = {
    "fax": ("fax", "факс"),
    "mobile": ("mobile", "cell", "мобильный", "сотовый", "моб", "сот"),
    "home": ("home", "personal", "private", "домашний", "личный", "личная", "дом", "дом."),
    "work": ("work", "business", "office", "direct", "рабочий", "рабочая", "раб", "прямой", "служебный", "офис"),
    "billing": ("billing", "legal", "invoice", "юридический", "юр"),
    "shipping": ("shipping", "delivery", "actual", "фактический", "доставки", "факт"),
    "other": ("other", "another", "additional", "secondary", "alternate", "другой", "другая", "доп", "дополнительный"),
}
"""Words in a heading that say which of several values it is; what is left of the heading names the field."""

SUBJECTS: Mapping[str, str] = {
    "person": "contact", "contact": "contact", "people": "contact", "контакт": "contact", "контакта": "contact",
    "organization": "account", "organisation": "account", "company": "account", "account": "account",
    "компания": "account", "компании": "account", "организация": "account", "организации": "account",
    "activity": "history", "note": "history", "дело": "history", "заметка": "history",
    "deal": "deal", "сделка": "deal", "сделки": "deal", "lead": "deal", "лид": "deal", "opportunity": "deal",
    "product": "product", "товар": "product", "товары": "product",
}  # fmt: skip
"""What a heading such as ``Organization - Name`` is about."""

_SPECIAL: Mapping[tuple[str, str], str] = {
    ("account", "name"): "account_name",
    ("account", "kind"): "account_kind",
    ("contact", "name"): "full_name",
    ("history", "kind"): "history_kind",
}
_BY_NAME: Mapping[str, str] = {
    "account_id": "account_name", "account": "account_name", "parent_id": "parent_account", "owner_id": "owner",
    "team_id": "team", "phones": "phone", "emails": "email", "messengers": "messenger", "addresses": "address",
    "lines": "street", "revenue_currency": "currency", "affiliations": "account_name", "contact_id": "full_name",
}  # fmt: skip


def compact(heading: str) -> str:
    """The letters and digits of a heading in their folded form: the shape in which headings are compared."""
    return "".join(char for char in fold(heading) if char.isalnum())


def concept_of(entity: str, field: str) -> str:
    """The concept of a field of an entity (``core.account``, ``name`` gives ``account_name``).

    A part of a part (``addresses.city``) has the concept of its own name; an unknown field is its own concept.
    """
    noun, last = entity.rpartition(".")[2], field.rpartition(".")[2]
    return _SPECIAL.get((noun, last)) or _BY_NAME.get(last, last)


@cache
def concepts_by_heading() -> Mapping[str, tuple[str, ...]]:
    """The concepts that a compact heading may mean, the more usual first."""
    found: dict[str, list[str]] = {}
    for concept, phrases in _PHRASES.items():
        for phrase in phrases.split("|"):
            found.setdefault(compact(phrase), []).append(concept)
    return {heading: tuple(concepts) for heading, concepts in found.items()}


def is_known_heading(text: str) -> bool:
    """Whether a text is the usual heading of some CRM column."""
    return compact(text) in concepts_by_heading()
