"""vCards of versions 2.1, 3.0 and 4.0: read whatever programs write, write what they read."""

from .card import Card, CardResult, Labelled, Messenger, PostalAddress
from .read import read_cards
from .write import card_text

__all__ = ["Card", "CardResult", "Labelled", "Messenger", "PostalAddress", "card_text", "read_cards"]
