"""The client base: accounts, contacts, who works where, how they are reached."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.db.base import Base, Record, index_of_given, new_id, personal, reference, regarding
from crm_core.db.policy import ChildOf, Owned, Public, Regarding
from crm_core.db.types import Day, Folded, Id, Money

__all__ = ["Account", "Address", "Affiliation", "Contact", "ContactPoint", "ExternalId", "Tag", "TagLink"]


class Account(Record):
    """An organisation or a private person that is, was or may become a client.

    ``email`` and ``phone`` repeat the primary contact points (kept by the write path), so that lists
    need no join. ``category`` is prospect | customer | dormant | former.
    """

    __tablename__ = "core_account"
    __policy__ = Owned()
    __table_args__ = (
        Index("ix_core_account_name", "name_fold", "id"),
        Index("ix_core_account_owner", "owner_id", "name_fold", "id"),
        Index("ix_core_account_team", "team_id"),
        Index("ix_core_account_created", "created_at", "id"),
        index_of_given("ix_core_account_parent", "parent_id"),
        index_of_given("ix_core_account_inn", "inn"),
        index_of_given("ix_core_account_batch", "import_batch_id"),
    )

    number: Mapped[str | None] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(12), default="organisation")
    name: Mapped[str] = mapped_column(Text, info=personal("pseudonymise"))
    name_fold: Mapped[str] = mapped_column(Folded, info=personal("pseudonymise"))
    legal_name: Mapped[str | None] = mapped_column(Text)
    category: Mapped[str] = mapped_column(String(12), default="prospect")
    industry: Mapped[str | None] = mapped_column(String(80))
    region: Mapped[str | None] = mapped_column(String(80))
    city: Mapped[str | None] = mapped_column(String(120))
    country: Mapped[str | None] = mapped_column(String(60))
    website: Mapped[str | None] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(String(254), info=personal())
    phone: Mapped[str | None] = mapped_column(String(20), info=personal())
    inn: Mapped[str | None] = mapped_column(String(12), info=personal())
    kpp: Mapped[str | None] = mapped_column(String(9))
    ogrn: Mapped[str | None] = mapped_column(String(15))
    vat: Mapped[str | None] = mapped_column(String(20))
    employees: Mapped[int | None] = mapped_column(Integer)
    founded: Mapped[int | None] = mapped_column(Integer)
    revenue: Mapped[Decimal | None] = mapped_column(Money)
    revenue_currency: Mapped[str | None] = mapped_column(String(3))
    source: Mapped[str | None] = mapped_column(String(80))
    replenishment_days: Mapped[int | None] = mapped_column(Integer)
    description: Mapped[str | None] = mapped_column(Text, info=personal())
    parent_id: Mapped[str | None] = reference("core_account", ondelete="SET NULL", nullable=True)
    primary_contact_id: Mapped[str | None] = mapped_column(
        Id,
        ForeignKey("core_contact.id", ondelete="SET NULL", use_alter=True, name="fk_core_account_primary_contact"),
        info={"on_merge": "repoint"},
    )


class Contact(Record):
    """A person whom we know; ``name`` is how the person is written, made from the parts."""

    __tablename__ = "core_contact"
    __policy__ = Owned()
    __table_args__ = (
        Index("ix_core_contact_name", "name_fold", "id"),
        Index("ix_core_contact_owner", "owner_id", "name_fold", "id"),
        Index("ix_core_contact_team", "team_id"),
        Index("ix_core_contact_account", "account_id", "name_fold", "id"),
        Index("ix_core_contact_created", "created_at", "id"),
        index_of_given("ix_core_contact_batch", "import_batch_id"),
    )

    name: Mapped[str] = mapped_column(Text, info=personal("pseudonymise"))
    name_fold: Mapped[str] = mapped_column(Folded, info=personal("pseudonymise"))
    last_name: Mapped[str | None] = mapped_column(String(120), info=personal())
    first_name: Mapped[str | None] = mapped_column(String(120), info=personal())
    middle_name: Mapped[str | None] = mapped_column(String(120), info=personal())
    salutation: Mapped[str | None] = mapped_column(String(40), info=personal())
    position: Mapped[str | None] = mapped_column(String(120))
    email: Mapped[str | None] = mapped_column(String(254), info=personal())
    phone: Mapped[str | None] = mapped_column(String(20), info=personal())
    birthday: Mapped[date | None] = mapped_column(Day, info=personal())
    language: Mapped[str | None] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(12), default="active")
    do_not_call: Mapped[bool] = mapped_column(default=False)
    preferred_channel: Mapped[str | None] = mapped_column(String(12))
    source: Mapped[str | None] = mapped_column(String(80))
    description: Mapped[str | None] = mapped_column(Text, info=personal())
    account_id: Mapped[str | None] = reference("core_account", ondelete="SET NULL", nullable=True)


class Affiliation(Base):
    """A person works, or worked, for a company; ``is_primary`` marks the main one of the person."""

    __tablename__ = "core_affiliation"
    __policy__ = ChildOf("contact_id")
    __table_args__ = (
        Index("ix_core_affiliation_contact", "contact_id"),
        Index("ix_core_affiliation_account", "account_id"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    contact_id: Mapped[str] = reference("core_contact", ondelete="CASCADE")
    account_id: Mapped[str] = reference("core_account", ondelete="CASCADE")
    position: Mapped[str | None] = mapped_column(String(120))
    role: Mapped[str | None] = mapped_column(String(80))
    is_primary: Mapped[bool] = mapped_column(default=False)
    since: Mapped[date | None] = mapped_column(Day)
    until: Mapped[date | None] = mapped_column(Day)


class ContactPoint(Base):
    """A phone, an e-mail or a messenger of an account or of a contact.

    ``value`` is what was typed, ``norm`` what is compared: E.164 for phones, lower case for e-mails.
    """

    __tablename__ = "core_contact_point"
    __policy__ = ChildOf("contact_id", "account_id")
    __table_args__ = (
        CheckConstraint("(account_id IS NULL) <> (contact_id IS NULL)", name="one_holder"),
        Index("ix_core_contact_point_norm", "norm", "kind"),
        index_of_given("ix_core_contact_point_contact", "contact_id"),
        index_of_given("ix_core_contact_point_account", "account_id"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    account_id: Mapped[str | None] = reference("core_account", ondelete="CASCADE", nullable=True)
    contact_id: Mapped[str | None] = reference("core_contact", ondelete="CASCADE", nullable=True)
    kind: Mapped[str] = mapped_column(String(12))
    value: Mapped[str] = mapped_column(Text, info=personal())
    norm: Mapped[str] = mapped_column(Folded, info=personal())
    label: Mapped[str | None] = mapped_column(String(40))
    is_primary: Mapped[bool] = mapped_column(default=False)
    opt_out: Mapped[bool] = mapped_column(default=False)
    invalid: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(Integer, default=0)


class Address(Base):
    """A postal address of an account or of a contact."""

    __tablename__ = "core_address"
    __policy__ = ChildOf("contact_id", "account_id")
    __table_args__ = (
        CheckConstraint("(account_id IS NULL) <> (contact_id IS NULL)", name="one_holder"),
        index_of_given("ix_core_address_contact", "contact_id"),
        index_of_given("ix_core_address_account", "account_id"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    account_id: Mapped[str | None] = reference("core_account", ondelete="CASCADE", nullable=True)
    contact_id: Mapped[str | None] = reference("core_contact", ondelete="CASCADE", nullable=True)
    kind: Mapped[str] = mapped_column(String(12), default="billing")
    lines: Mapped[str | None] = mapped_column(Text, info=personal())
    city: Mapped[str | None] = mapped_column(String(120))
    region: Mapped[str | None] = mapped_column(String(120))
    postcode: Mapped[str | None] = mapped_column(String(20), info=personal())
    country: Mapped[str | None] = mapped_column(String(60))
    position: Mapped[int] = mapped_column(Integer, default=0)


class Tag(Base):
    """A word by which records are grouped."""

    __tablename__ = "core_tag"
    __policy__ = Public()

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(Text)
    name_fold: Mapped[str] = mapped_column(Folded, unique=True)
    colour: Mapped[str] = mapped_column(String(12), default="blue")


class TagLink(Base):
    """A record carries a tag."""

    __tablename__ = "core_tag_link"
    __policy__ = Regarding()
    __table_args__ = (Index("ix_core_tag_link_tag", "tag_id", "entity", "record_id"),)

    entity: Mapped[str] = regarding("entity", primary_key=True)
    record_id: Mapped[str] = regarding("record_id", primary_key=True)
    tag_id: Mapped[str] = mapped_column(Id, ForeignKey("core_tag.id", ondelete="CASCADE"), primary_key=True)


class ExternalId(Base):
    """The id of a record in another system: matches rows across files and syncs."""

    __tablename__ = "core_external_id"
    __policy__ = Regarding()
    __table_args__ = (
        Index("uq_core_external_id", "system", "entity", "external_id", unique=True),
        Index("ix_core_external_id_record", "record_id"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    system: Mapped[str] = mapped_column(String(60))
    entity: Mapped[str] = regarding("entity")
    external_id: Mapped[str] = mapped_column(String(200), server_default=text("''"))
    record_id: Mapped[str] = regarding("record_id")
