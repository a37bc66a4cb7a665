"""The conformance suite: what every module must hold to, as tests that its own test run inherits.

    from crm_core.testing.conformance import ModuleConformance

    class TestSales(ModuleConformance):
        module = "sales"

The module's distribution must be installed. A method ``sample`` may be overridden where records that are
made from the descriptors alone would be refused by the module's own rules.
"""

from __future__ import annotations

from crm_core.testing.conformance.behaviour import BehaviourChecks
from crm_core.testing.conformance.manifest import ManifestChecks
from crm_core.testing.conformance.schema import SchemaChecks
from crm_core.testing.conformance.words import WordChecks

__all__ = ["ModuleConformance"]


class ModuleConformance(ManifestChecks, WordChecks, SchemaChecks, BehaviourChecks):
    """All checks of one module; ``module`` is its name."""
