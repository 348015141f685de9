"""Whether a run can ask the services of its recipe: the library is there, and the keys that it names are set."""

from __future__ import annotations

import os

from weft.engine.service_http import key_fault, library
from weft.engine.service_replies import FOLDER, folder_of
from weft.engine.storage import Storage
from weft.engine.translation_backends import check_libraries
from weft.engine.work import Task, rooms_registry
from weft.errors import WeftError
from weft.recipe import Recipe
from weft.recipe.services import Service


def asked_services(recipe: Recipe) -> dict[str, Service]:
    """The services that steps of a recipe ask, by name."""
    registry = rooms_registry()
    steps = (*recipe.label, *recipe.synthesize)
    named = {name for step in steps for name in registry.get(step.operator).asking(step.params).values()}
    named |= {settings.service for settings in recipe.synthesis.dear().values()}
    return {name: service for name, service in recipe.services.items() if name in named}


def keys_for(task: Task) -> dict[str, str]:
    """The environment variables with the keys that a task needs, for a process elsewhere."""
    described = [held["service"] for step in task.arguments["services"].values() for held in step.values()]
    named = [name for one in described for name in (one["api_key_env"], *one["headers_env"].values())]
    return {name: os.environ[name] for name in named if name in os.environ}


def check_keys(recipe: Recipe, storage: Storage) -> None:
    """Raises WeftError before anything runs where a service cannot be asked.

    A service of which replies are there may be one that is not asked any more: it needs its key at the first question.
    """
    for name, service in asked_services(recipe).items():
        if storage.below(f"{FOLDER}/{folder_of(service.identity())}"):
            continue
        if service.path:
            check_libraries(service)
            continue
        library()
        if fault := key_fault(service):
            raise WeftError(f"services.{name}: {fault}")
