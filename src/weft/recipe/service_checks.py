"""Steps that ask a service: it is there, and speaks a protocol that the step knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from weft.errors import nearest
from weft.operators.protocols import PROTOCOLS
from weft.operators.registry import Registry
from weft.recipe.loading import Fault
from weft.recipe.services import Service

if TYPE_CHECKING:
    from weft.recipe.checks import Placed


def service_faults(services: Mapping[str, Service], steps: Sequence[Placed], registry: Registry) -> list[Fault]:
    """What is wrong with the services of a recipe and the steps that name them."""
    faults = []
    for name, service in services.items():
        if PROTOCOLS[service.protocol].needs_model and not service.model:
            faults.append(Fault(("services", name), f"model is missing; {service.protocol} needs its name"))
    for place, step in steps:
        spec = registry.get(step.operator)
        if spec.service is None or spec.service not in step.params:
            continue
        name = str(step.params[spec.service])
        at = (*place, spec.short, spec.service)
        if name not in services:
            known = f"one of {', '.join(sorted(services))}" if services else "it under services"
            message = f"there is no service {name}; expected {known}{nearest(name, services)}"
            faults.append(Fault(at, message))
        elif services[name].protocol not in spec.protocols:
            held, wanted = services[name].protocol, " or ".join(spec.protocols)
            faults.append(Fault(at, f"service {name} speaks {held}; expected {wanted}"))
    return faults
