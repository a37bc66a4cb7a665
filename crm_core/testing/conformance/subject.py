"""The module that is checked, and records made from its descriptors."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest

from crm_core.access.principal import Principal
from crm_core.db.base import now
from crm_core.entity import write
from crm_core.entity.descriptor import Entity, Field
from crm_core.plugin.discover import Installed, Loaded, find_installed, load
from crm_core.plugin.lifecycle import enable
from crm_core.runtime import Crm, build

__all__ = ["Subject"]


class Subject:
    """What all checks start from."""

    module: ClassVar[str] = ""

    @pytest.fixture
    def announced(self) -> Installed:
        """The module's entry point."""
        found = [one for one in find_installed() if one.name == self.module]
        assert found, f"no installed distribution has an entry point crm.modules {self.module}"
        return found[0]

    @pytest.fixture
    def loaded(self, announced: Installed) -> Loaded:
        """The module's manifest and models, imported."""
        return load(announced)

    @pytest.fixture
    def package(self, loaded: Loaded) -> Path:
        """The folder of the import package."""
        return loaded.folder

    @pytest.fixture
    def enabled(self, crm: Crm, actor: Principal) -> Crm:
        """The program with the module enabled, and what it requires."""
        enable(crm, self.module, actor)
        after = build(crm.settings, crm.database)
        assert dict(after.failures) == {}
        return after

    def sample(self, entity: Entity, number: int, references: Mapping[str, str]) -> dict[str, Any]:
        """Loaded input for the record of that number; ``references`` are ids of records by entity."""
        if entity.id == "core.contact":
            return {"last_name": f"Sample {number}"}
        return {
            field.name: references.get(field.ref or "") or _value(entity, field, number)
            for field in entity.fields
            if field.editable and (field.required or field.name == entity.title)
        }

    def make(self, crm: Crm, actor: Principal, entity: Entity, count: int) -> list[str]:
        """Records of an entity, written as the program writes them; gives their ids."""
        needed = {field.ref for field in entity.fields if field.required and field.ref} & set(crm.entities)
        references = {name: self.make(crm, actor, crm.entities[name], 1)[0] for name in sorted(needed - {entity.id})}
        rows = [self.sample(entity, number, references) for number in range(1, count + 1)]
        with crm.writing(actor) as session:
            return [row["id"] for row in write.create(session, entity, rows)]

    def own(self, crm: Crm) -> list[Entity]:
        """The entities of the module."""
        return [entity for entity in crm.entities.values() if entity.module == self.module]


def _value(entity: Entity, field: Field, number: int) -> Any:
    kind = entity.kind_of(field)
    if kind == "choice":
        return field.choices[0].code
    values = {
        "int": number,
        "decimal": Decimal(number),
        "money": Decimal(number),
        "bool": True,
        "day": date(2026, 1, 1),
        "instant": now(),
        "localised": {"en": f"Sample {number}"},
        "email": f"sample{number}@example.com",
        "url": f"https://example.com/{number}",
        "phone": f"+7912{number:07d}",
    }
    return values.get(kind, f"Sample {number}")
