"""The words of which the demo firm's clients are made; invented, and no real person or firm is meant."""

# ruff: noqa: E501 - lists of words are read as lists, and a line per word would make pages of them

from __future__ import annotations

__all__ = ["ENGLISH", "RUSSIAN", "Language"]

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """The words of one language; names of men and women are ``(first names, last names, middle names)``."""

    code: str
    men: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
    women: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
    first_words: tuple[str, ...]
    second_words: tuple[str, ...]
    forms: tuple[str, ...]
    cities: tuple[tuple[str, str, str], ...]
    industries: tuple[str, ...]
    positions: tuple[str, ...]
    sources: tuple[str, ...]
    calls: tuple[str, ...]
    notes: tuple[str, ...]
    meetings: tuple[str, ...]
    letters: tuple[tuple[str, str], ...]
    tags: tuple[str, ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.strip().splitlines())


_ROOTS = _words(
    "Королёв Соловьёв Журавлёв Киселёв Лебедев Громов Тихонов Ершов Савельев Фролов Зайцев Борисов Герасимов Носков"
    " Мельников Рябов Воронов Суханов Платонов Ларионов Ушаков Горшков Дементьев Калачёв Пахомов Сорокин Терехов Щукин"
)
RUSSIAN = Language(
    code="ru",
    tags=("VIP", "опт", "тендер", "дилер"),
    men=(
        _words(
            "Алексей Артём Борис Василий Виктор Григорий Денис Егор Игорь Кирилл Леонид Максим Николай Олег Пётр Роман Семён Фёдор Юрий"
        ),
        _ROOTS,
        _words(
            "Александрович Андреевич Борисович Викторович Дмитриевич Евгеньевич Иванович Леонидович Николаевич Павлович Сергеевич"
        ),
    ),
    women=(
        _words(
            "Алёна Анна Вера Галина Дарья Екатерина Елена Ирина Ксения Людмила Мария Надежда Ольга Полина Светлана Татьяна Юлия"
        ),
        tuple(f"{root}а" for root in _ROOTS),
        _words(
            "Александровна Андреевна Борисовна Викторовна Дмитриевна Евгеньевна Ивановна Леонидовна Николаевна Павловна Сергеевна"
        ),
    ),
    first_words=_words(
        "Северный Южный Тёплый Новый Первый Белый Синий Зелёный Светлый Быстрый Большой Дальний Речной Горный Лесной Мирный"
        " Надёжный Точный Ясный Крепкий Вольный Добрый Ранний Звонкий"
    ),
    second_words=_words(
        "ветер дом берег мост причал квартал завод склад двор парк град контур формат ресурс импульс горизонт вектор стандарт"
        " маяк родник утёс компас чертёж станок"
    ),
    forms=_words("ООО ООО ООО АО ИП"),
    cities=(
        ("Москва", "Москва", "495"),
        ("Санкт-Петербург", "Санкт-Петербург", "812"),
        ("Казань", "Татарстан", "843"),
        ("Екатеринбург", "Свердловская область", "343"),
        ("Новосибирск", "Новосибирская область", "383"),
        ("Нижний Новгород", "Нижегородская область", "831"),
        ("Самара", "Самарская область", "846"),
        ("Пермь", "Пермский край", "342"),
        ("Тверь", "Тверская область", "4822"),
        ("Королёв", "Московская область", "495"),
    ),
    industries=_lines(
        """Строительство
        Оптовая торговля
        Розничная торговля
        Машиностроение
        Пищевая промышленность
        Логистика
        Медицина
        Образование
        Гостиницы и рестораны
        Сельское хозяйство"""
    ),
    positions=_lines(
        """Генеральный директор
        Коммерческий директор
        Главный инженер
        Начальник отдела закупок
        Менеджер по закупкам
        Главный бухгалтер
        Бухгалтер
        Технический директор
        Заведующий складом
        Офис-менеджер"""
    ),
    sources=_lines("Сайт\nВыставка\nРекомендация\nХолодный звонок\nРеклама"),
    calls=_lines(
        """Обсудили сроки поставки, просит прислать счёт до пятницы.
        Перезвонить после обеда: на совещании.
        Интересуется скидкой на партию от ста штук.
        Подтвердил получение образцов, довольны.
        Спрашивает про отсрочку платежа на две недели.
        Не дозвонился, секретарь передаст.
        Договорились о встрече на следующей неделе.
        Уточнила реквизиты для договора.
        Жалуется на задержку доставки, обещал разобраться.
        Готовы продлить договор на год."""
    ),
    notes=_lines(
        """Решение принимает директор, бюджет до конца квартала.
        Работают с конкурентом, недовольны сервисом.
        Предпочитает переписку, звонить только по делу.
        Склад переезжает весной: понадобится новое оборудование.
        Важны сертификаты и гарантия.
        Просили прайс с ценами без НДС."""
    ),
    meetings=_lines(
        """Показали новые образцы, выбрали два варианта на пробу.
        Обошли цех, замеры у нас, считаем спецификацию.
        Познакомились с новым руководителем закупок.
        Разобрали претензию, сошлись на замене двух позиций."""
    ),
    letters=(
        ("Коммерческое предложение", "Добрый день! Отправляю предложение, как договаривались. Жду ваших вопросов."),
        ("Счёт на оплату", "Во вложении счёт. Отгрузка в течение трёх дней после оплаты."),
        ("Благодарность за встречу", "Спасибо за встречу! Коротко записал, о чём договорились."),
    ),
)
ENGLISH = Language(
    code="en",
    tags=("key account", "wholesale", "tender"),
    men=(
        _words(
            "Adam Ben Colin David Edward Frank George Henry Ian James Kevin Luke Martin Neil Oscar Peter Ralph Simon Tom Will"
        ),
        _words(
            "Abbott Barker Carver Dawson Ellis Fletcher Gibbs Harding Ingram Jarvis Keane Lawson Mercer Norris Osborne Parry Quinn Redman Sutton Thorne Underhill Vance Whitlock Yates"
        ),
        (),
    ),
    women=(
        _words(
            "Alice Beth Clara Diana Emma Fiona Grace Helen Iris Jane Kate Laura Maud Nora Olive Paula Rose Sarah Tess Wendy"
        ),
        _words(
            "Abbott Barker Carver Dawson Ellis Fletcher Gibbs Harding Ingram Jarvis Keane Lawson Mercer Norris Osborne Parry Quinn Redman Sutton Thorne Underhill Vance Whitlock Yates"
        ),
        (),
    ),
    first_words=_words(
        "Harbour Maple Granite Silver North Amber Cedar Falcon Copper Meadow Bright Stone River Oak Summit Clear Iron Willow Crown Linden"
    ),
    second_words=_words(
        "Lane Works Trading Supply Foods Systems Tools Print Glass Textiles Logistics Motors Timber Interiors Paper Medical Marine Energy"
    ),
    forms=_words("Ltd Ltd LLC GmbH Inc"),
    cities=(
        ("London", "Greater London", "20"),
        ("Leeds", "West Yorkshire", "113"),
        ("Bristol", "Bristol", "117"),
        ("Glasgow", "Glasgow", "141"),
        ("Cardiff", "Cardiff", "29"),
    ),
    industries=_lines(
        """Construction
        Wholesale
        Retail
        Engineering
        Food production
        Logistics
        Healthcare
        Education
        Hospitality"""
    ),
    positions=_lines(
        """Managing Director
        Head of Purchasing
        Buyer
        Operations Manager
        Chief Accountant
        Office Manager
        Technical Director
        Warehouse Manager"""
    ),
    sources=_lines("Website\nTrade fair\nReferral\nCold call\nAdvertising"),
    calls=_lines(
        """Went through delivery dates; wants the invoice before Friday.
        In a meeting, call back after lunch.
        Asks for a discount on a hundred pieces and more.
        Samples have arrived and they like them.
        Would need thirty days to pay.
        No answer, left a message at the desk.
        We meet next week at their place.
        Complains about a late delivery; promised to look into it.
        Happy to renew for another year."""
    ),
    notes=_lines(
        """The director decides; the budget is open until the end of the quarter.
        They buy from a competitor and are unhappy with the service.
        Prefers e-mail; call only when it is urgent.
        The warehouse moves in spring and will need new equipment.
        Certificates and warranty matter most to them."""
    ),
    meetings=_lines(
        """Showed the new samples; two of them go on trial.
        Walked through the plant and took measurements.
        Met the new head of purchasing.
        Settled the complaint: two items will be replaced."""
    ),
    letters=(
        ("Our offer", "As agreed, here is our offer. I look forward to your questions."),
        ("Invoice", "Please find the invoice attached. We ship within three days of payment."),
        ("Thank you for the meeting", "Thank you for your time. In short, this is what we agreed."),
    ),
)
