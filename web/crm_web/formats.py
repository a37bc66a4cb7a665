"""Numbers, money, days and moments as a reader writes them; cheap enough for every cell of a list."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from babel.dates import format_timedelta, parse_pattern
from babel.numbers import get_currency_precision, get_currency_symbol

__all__ = ["Formats", "formats_for"]

# Not the locale's own short forms: those are ambiguous (11/12/26) or leave out the year.
_DAYS = {"ru": "dd.MM.y"}
_DAY = "d MMM y"
# English data know the rouble by its code only.
_SYMBOLS = {"RUB": "₽"}
_JUST_NOW_SECONDS = 45


class Formats:
    """How one language and time zone write things.

    ``day``, ``instant``, ``ago``, ``number`` and ``money`` take ``None`` and give an empty text for it.
    Instants are aware datetimes and are shown in the reader's zone.
    """

    def __init__(self, language: str, zone: str, just_now: str) -> None:
        self.locale = Locale.parse(language)
        self.just_now = just_now
        self.zone = _zone(zone)
        symbols = self.locale.number_symbols["latn"]
        self._group, self._decimal = symbols["group"], symbols["decimal"]
        self._currency_first = self.locale.currency_formats["standard"].pattern.startswith("¤")
        day = parse_pattern(_DAYS.get(language[:2], _DAY))
        clock = parse_pattern("HH:mm")
        # Lists repeat the same days and moments; a hit costs a tenth of formatting.
        self._day: Callable[[date], str] = lru_cache(2048)(lambda value: str(day.apply(value, self.locale)))
        self._clock: Callable[[datetime], str] = lru_cache(2048)(lambda value: str(clock.apply(value, self.locale)))
        self._elapsed: Callable[[int], str] = lru_cache(512)(self._format_elapsed)

    def day(self, value: date | datetime | None) -> str:
        """A day: 24 Nov 2026 or 24.11.2026; an instant gives its day in the reader's zone."""
        if value is None:
            return ""
        return self._day(value.astimezone(self.zone).date() if isinstance(value, datetime) else value)

    def clock(self, value: datetime | None) -> str:
        """The time of day of an instant: 15:30."""
        return "" if value is None else self._clock(value.astimezone(self.zone))

    def instant(self, value: datetime | None) -> str:
        """Day and time of an instant."""
        if value is None:
            return ""
        local = value.astimezone(self.zone)
        return f"{self._day(local.date())}, {self._clock(local)}"

    def ago(self, value: datetime | None) -> str:
        """How long ago, or how soon, in words; rounded, so that it reads at a glance."""
        if value is None:
            return ""
        seconds = int((datetime.now(UTC) - value).total_seconds())
        return self._elapsed(_rounded(seconds))

    def number(self, value: Decimal | int | float | None, digits: int | None = None) -> str:
        """A number with grouped thousands; as many decimals as it has, or ``digits``."""
        if value is None:
            return ""
        text = f"{value:,}" if digits is None else f"{value:,.{digits}f}"
        return self._localised(text)

    def money(self, value: Decimal | None, currency: str | None = None) -> str:
        """An amount with its currency: 1 234,50 ₽, never broken over two lines."""
        if value is None:
            return ""
        if not currency:
            return self._localised(f"{value:,.2f}")
        symbol, precision = _currency(currency, self.locale)
        text = self._localised(f"{abs(value):,.{precision}f}")
        signed = "-" if value < 0 else ""
        return f"{signed}{symbol}{text}" if self._currency_first else f"{signed}{text}\u00a0{symbol}"

    def names(self) -> dict[str, Callable[..., str]]:
        """What templates call these functions."""
        return {
            "day": self.day,
            "clock": self.clock,
            "instant": self.instant,
            "ago": self.ago,
            "number": self.number,
            "money": self.money,
        }

    def _localised(self, text: str) -> str:
        whole, dot, rest = text.partition(".")
        return whole.replace(",", self._group) + (self._decimal + rest if dot else "")

    def _format_elapsed(self, seconds: int) -> str:
        if abs(seconds) < _JUST_NOW_SECONDS:
            return self.just_now
        return format_timedelta(-seconds, add_direction=True, locale=self.locale)


@lru_cache(64)
def formats_for(language: str, zone: str, just_now: str) -> Formats:
    """The formats of a language and zone, made once; ``just_now`` is what the last seconds are called."""
    return Formats(language, zone, just_now)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _rounded(seconds: int) -> int:
    """The same number for all moments that read alike, so that few different ones are formatted."""
    size = abs(seconds)
    step = 60 if size < 3600 else 3600 if size < 86400 else 86400
    return round(size / step) * step * (1 if seconds >= 0 else -1)


@lru_cache(256)
def _currency(code: str, locale: Locale) -> tuple[str, int]:
    symbol = get_currency_symbol(code, locale=locale)
    return _SYMBOLS.get(symbol, symbol if len(symbol) < 3 else f"{symbol}\u00a0"), get_currency_precision(code)
