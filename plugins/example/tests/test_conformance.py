"""The module holds to what every module must."""

from __future__ import annotations

from crm_core.testing.conformance import ModuleConformance


class TestExample(ModuleConformance):
    module = "example"
