"""Pictures of a build: one self-contained page and its figures as JSON."""

from weft.report.page import write

__all__ = ["write"]
