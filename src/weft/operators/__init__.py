"""The operator contract, the registry, and the conformance suite."""

from weft.operators.contract import (
    BatchFunction,
    Fetcher,
    Fold,
    OperatorSpec,
    ReadFunction,
    Resources,
    ServiceFunction,
    operator,
)

__all__ = [
    "BatchFunction",
    "Fetcher",
    "Fold",
    "OperatorSpec",
    "ReadFunction",
    "Resources",
    "ServiceFunction",
    "operator",
]
