"""Why a module cannot be used: recorded and shown, while the rest of the program runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from crm_core.errors import ModuleError
from crm_core.text import Msg, messages

__all__ = ["Failure", "Stage"]

_ = messages("core")

Stage = Literal["install", "import", "models", "contribute", "dependency", "behind", "ahead", "missing"]
"""Where it failed; ``behind`` and ``ahead`` say how the schema stands to the code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What went wrong with one module; ``detail`` is for its author (a traceback)."""

    module: str
    stage: Stage
    message: Msg
    hint: Msg | None = None
    detail: str = ""

    @property
    def state(self) -> str:
        """The state that the modules page shows."""
        if self.stage == "dependency":
            return "blocked"
        return self.stage if self.stage in {"behind", "ahead", "missing"} else "failed"

    def error(self) -> ModuleError:
        """The failure as an exception, for where it is fatal."""
        return ModuleError(self.message, module=self.module, hint=self.hint)
