"""The template environment: a folder per module, compiled once and kept between starts."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flask import g
from jinja2 import BaseLoader, Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined, Template
from jinja2.environment import TemplateModule

from crm_core.runtime import Crm

__all__ = ["ModuleLoader", "package_folder", "set_up_environment"]

SHELL = Path(__file__).parent / "templates"


class ModuleLoader(BaseLoader):
    """Templates named ``<module>/…`` come from that module's package, all others from the shell's.

    So no module can replace a page of the shell or of another module.
    """

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._shell = FileSystemLoader(SHELL)
        self._modules = {module: FileSystemLoader(folder) for module, folder in folders.items()}

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Callable[[], bool] | None]:
        """The source of a template. Raises ``TemplateNotFound``."""
        loader = self._modules.get(template.partition("/")[0], self._shell)
        return loader.get_source(environment, template)

    def list_templates(self) -> list[str]:
        """The names of all templates."""
        return sorted({name for loader in (self._shell, *self._modules.values()) for name in loader.list_templates()})


class KitTemplate(Template):
    """A template whose macros are made once a request when they are the kit's.

    A page imports the kit in several places, each time «with context»; its macros use the names of every page only
    (``context.page_names``), so the first import serves all of them.
    """

    def make_module(
        self,
        vars: dict[str, Any] | None = None,
        shared: bool = False,
        locals: Mapping[str, Any] | None = None,
    ) -> TemplateModule:
        """The macros of the template."""
        if not (self.name or "").startswith("ui/"):
            return super().make_module(vars, shared, locals)
        made: dict[str | None, TemplateModule] = g.setdefault("kit", {})
        if self.name not in made:
            made[self.name] = super().make_module(vars, shared, locals)
        return made[self.name]


def package_folder(package: str) -> Path | None:
    """The folder of an import package, without importing the package itself."""
    spec = importlib.util.find_spec(package)
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places))) if places else None


def set_up_environment(environment: Environment, crm: Crm) -> None:
    """Let an environment read the templates of the shell and of all enabled modules."""
    folders = {module.name: package_folder(module.package) for module in crm.modules if module.name != "core"}
    environment.loader = ModuleLoader({name: folder / "templates" for name, folder in folders.items() if folder})
    environment.undefined = StrictUndefined
    environment.auto_reload = False
    environment.template_class = KitTemplate
    environment.autoescape = True
    cache = crm.settings.data_dir / "cache" / "templates"
    cache.mkdir(parents=True, exist_ok=True)
    environment.bytecode_cache = FileSystemBytecodeCache(str(cache))
