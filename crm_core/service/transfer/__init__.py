"""Files in and out: what a file is, its rows or cards, which column is which field, and the way back.

    file_format ─┬─ delimited, xlsx ─ detect ─ FileShape ─ open_rows ─ Row ─┐
                 └─ vcard ─ read_cards ─ Card ──────────────────────────────┴─ suggest · convert ─ values of fields
    values of fields ─ CsvTable · XlsxTable · card_text ─ file

Nothing here knows the database. Files are streamed; a bad row or card is a problem with its line number and never
stops the others; what makes a file unreadable as a whole is raised as ``errors.Invalid`` with one problem whose id
starts with ``file.``.
"""

from .convert import Reading, Value, choice_table, convert, split_values, text_of
from .detect import detect, file_format
from .formula import guard, unguard
from .mapping import Suggestion, Target, suggest
from .numbers import currency_of
from .person_name import PersonName, split_full_name
from .reader import TableRows, open_rows
from .shape import CERTAIN_ENOUGH, CHOICES, FileShape, Guess
from .synonyms import concept_of
from .table import MAX_CELL_CHARS, MAX_COLUMNS, Cell, Row, column_letters
from .vcard import Card, CardResult, Labelled, Messenger, PostalAddress, card_text, read_cards
from .write import Column, CsvStyle, CsvTable, ErrorTable, Table, XlsxTable

__all__ = [
    "CERTAIN_ENOUGH",
    "CHOICES",
    "MAX_CELL_CHARS",
    "MAX_COLUMNS",
    "Card",
    "CardResult",
    "Cell",
    "Column",
    "CsvStyle",
    "CsvTable",
    "ErrorTable",
    "FileShape",
    "Guess",
    "Labelled",
    "Messenger",
    "PersonName",
    "PostalAddress",
    "Reading",
    "Row",
    "Suggestion",
    "Table",
    "TableRows",
    "Target",
    "Value",
    "XlsxTable",
    "card_text",
    "choice_table",
    "column_letters",
    "concept_of",
    "convert",
    "currency_of",
    "detect",
    "file_format",
    "guard",
    "open_rows",
    "read_cards",
    "split_full_name",
    "split_values",
    "suggest",
    "text_of",
    "unguard",
]
