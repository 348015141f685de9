"""Named selection rules: SQL expressions over label columns, of which a row must satisfy every one."""

from __future__ import annotations

import difflib
import functools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import polars as pl
import pyarrow as pa

from weft.errors import WeftError

RESERVED = ("duplicate", "not_allowed", "not_drawn", "nothing_left")
"""Names that the engine records itself: not elected in its cluster; licence or consent does not allow it; the mixture
holds less of its language than there is; all of its text is cut."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_CLOCK = re.compile(r"\b(current_(date|time|timestamp)|now\s*\(|localtime)", re.IGNORECASE)
_BEYOND_THE_ROW = re.compile(
    r"Agg|Anonymous.*|Cum.*|Diff|Display|Eval|Explode|Filter|Gather|HConcat|(Int)?Range|Len|Mode|Over|Random|Rank"
    r"|Repeat.*|Reverse|Rle.*|Rolling.*|Shift.*|Shuffle|Slice|Sort.*|SubPlan|Unique.*|ValueCounts"
)
_QUOTED = re.compile(r"'(?:[^']|'')*'")


class RuleError(WeftError):
    """A rule of a recipe that cannot be used; `rule` names it, `nearest` is a valid name close to the wrong one."""

    def __init__(self, rule: str, message: str, nearest: str | None = None) -> None:
        hint = f"; did you mean {nearest}?" if nearest else ""
        super().__init__(f"rule {rule}: {message}{hint}")
        self.rule = rule
        self.nearest = nearest


class Rules:
    """Ordered rules, parsed once. NULL counts as failing unless the expression itself handles it.

    Raises RuleError for a bad name, bad SQL, or an expression that looks beyond its own row.
    """

    def __init__(self, rules: Mapping[str, str]) -> None:
        self.sql = dict(rules)
        self._expressions = {name: _parse(name, sql) for name, sql in self.sql.items()}

    @property
    def names(self) -> tuple[str, ...]:
        """Rule names in the order in which they are tried."""
        return tuple(self.sql)

    def columns(self) -> set[str]:
        """Top-level columns that the rules read, such as `lid`, `signals`, `threshold`, `source`."""
        return {name for expression in self._expressions.values() for name in expression.meta.root_names()}

    def fields(self) -> dict[str, set[str]]:
        """Struct fields read, by column: `{"lid": {"score"}}`; a plain column has an empty set."""
        found: dict[str, set[str]] = {}
        for expression in self._expressions.values():
            for path in _paths(_tree(expression)):
                found.setdefault(path[0], set()).update(path[1:2])
        return found

    def check(self, schema: pa.Schema, *, numbers: bool = False) -> None:
        """Raise RuleError for the first unknown column or field, or an expression that is not true or false.

        With `numbers`, for one that is no number.
        """
        empty = _empty(schema).lazy()
        for name, expression in self._expressions.items():
            for path in _paths(_tree(expression)):
                _check_path(name, path, schema)
            try:
                kind = empty.select(expression.alias("rule")).collect_schema()["rule"]
                empty.select(expression.alias("rule")).collect()
            except pl.exceptions.PolarsError as error:
                raise RuleError(name, f"{self.sql[name]!r} cannot be computed: {_first_line(error)}") from error
            if numbers and not kind.is_numeric():
                raise RuleError(name, f"{self.sql[name]!r} gives {kind}; expected a number")
            if not numbers and kind != pl.Boolean:
                raise RuleError(name, f"{self.sql[name]!r} gives {kind}; expected a condition that is true or false")

    def first_failing(self, frame: pl.DataFrame) -> pl.Series:
        """Name of the first rule that each row fails, null where it passes all; one vectorised query."""
        if not self._expressions:
            return pl.Series("rule", [None] * frame.height, dtype=pl.String)
        failed = [
            pl.when(expression.fill_null(False)).then(None).otherwise(pl.lit(name))
            for name, expression in self._expressions.items()
        ]
        found = frame.lazy().with_columns(pl.coalesce(failed).cast(pl.String).alias("rule")).select("rule")
        try:
            return found.collect()["rule"]
        except pl.exceptions.PolarsError as error:
            self._say_which(frame, error)
            raise

    def _say_which(self, frame: pl.DataFrame, error: Exception) -> None:
        """Raise RuleError for the rule that these values stop: what is wrong with a cast shows on data alone."""
        for name, expression in self._expressions.items():
            try:
                frame.select(expression.alias("rule"))
            except pl.exceptions.PolarsError as fault:
                raise RuleError(name, f"{self.sql[name]!r} cannot be computed: {_first_line(fault)}") from error

    def numbers(self, frame: pl.DataFrame) -> pl.DataFrame:
        """One Float64 column per expression; null where it is null or no number. Raises RuleError."""
        columns = [
            expression.cast(pl.Float64).fill_nan(None).alias(name) for name, expression in self._expressions.items()
        ]
        try:
            return frame.lazy().select(columns).collect()
        except pl.exceptions.PolarsError as error:
            self._say_which(frame, error)
            raise

    def passing(self, frame: pl.DataFrame) -> pl.DataFrame:
        """One boolean column per rule (each judged alone). Raises RuleError."""
        if not self._expressions:
            return pl.DataFrame()
        columns = [expression.fill_null(False).alias(name) for name, expression in self._expressions.items()]
        try:
            return frame.lazy().with_columns(columns).select(self.names).collect()
        except pl.exceptions.PolarsError as error:
            self._say_which(frame, error)
            raise


def _parse(name: str, sql: str) -> pl.Expr:
    if not _NAME.fullmatch(name):
        raise RuleError(name, "expected a name of lower-case letters, digits and _, such as too_short")
    if name in RESERVED:
        raise RuleError(name, f"the name is reserved (reserved: {', '.join(RESERVED)}); choose another")
    if not isinstance(sql, str) or not sql.strip():
        raise RuleError(name, "expected an SQL condition such as lid.score >= 0.5")
    if _CLOCK.search(_QUOTED.sub("''", sql)):
        raise RuleError(name, f"{sql!r} depends on the clock; a build must give the same answer every day")
    try:
        expression = pl.sql_expr(sql)
    except pl.exceptions.PolarsError as error:
        raise RuleError(name, f"{sql!r} is not a valid SQL condition: {_first_line(error)}") from error
    tree = _tree(expression)
    # A subquery panics inside Polars instead of raising, so it is looked for in the parsed tree.
    used = {node for node in _nodes(tree) if _BEYOND_THE_ROW.fullmatch(node)}
    if "SubPlan" in used or expression.meta.has_multiple_outputs():
        raise RuleError(name, f"{sql!r} holds a subquery or several results; expected one condition on the row")
    if used:
        raise RuleError(name, f"{sql!r} looks at other rows (an aggregate or window); a rule judges one row alone")
    return expression


def _tree(expression: pl.Expr) -> Any:
    return json.loads(expression.meta.serialize(format="json"))


def _nodes(tree: Any) -> Iterator[str]:
    """Every key and bare name of a parsed expression."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield key
            if key not in ("Literal", "Column", "FieldByName"):
                yield from _nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _nodes(value)
    elif isinstance(tree, str):
        yield tree


def _paths(tree: Any) -> Iterator[tuple[str, ...]]:
    """Columns and field paths that an expression reads: `("lid", "score")`."""
    if isinstance(tree, list):
        for value in tree:
            yield from _paths(value)
    if not isinstance(tree, dict) or "Literal" in tree:
        return
    path = _path(tree)
    if path:
        yield path
        return
    for value in tree.values():
        yield from _paths(value)


def _path(tree: Any) -> tuple[str, ...]:
    if not isinstance(tree, dict):
        return ()
    if isinstance(tree.get("Column"), str):
        return (tree["Column"],)
    call = tree.get("Function")
    if not isinstance(call, dict) or not isinstance(call.get("function"), dict):
        return ()
    step = call["function"].get("StructExpr")
    if not isinstance(step, dict) or "FieldByName" not in step:
        return ()
    start = _path(call["input"][0])
    return (*start, step["FieldByName"]) if start else ()


def _check_path(rule: str, path: tuple[str, ...], schema: pa.Schema) -> None:
    if path[0] not in schema.names:
        known = [*schema.names, *(f"{f.name}.{name}" for f in schema for name in _field_names(f.type))]
        raise RuleError(rule, f"there is no column {path[0]!r}", _nearest(".".join(path), known))
    kind = schema.field(path[0]).type
    for depth, name in enumerate(path[1:], start=1):
        where = ".".join(path[:depth])
        names = _field_names(kind)
        if not names:
            raise RuleError(rule, f"{where} is {kind} and has no field {name!r}")
        if name not in names:
            nearest = _nearest(name, names)
            raise RuleError(
                rule,
                f"{where} has no field {name!r} (it has {', '.join(names)})",
                f"{where}.{nearest}" if nearest else None,
            )
        kind = kind.field(name).type


def _field_names(kind: pa.DataType) -> list[str]:
    return [kind.field(i).name for i in range(kind.num_fields)] if pa.types.is_struct(kind) else []


def _nearest(name: str, known: Iterable[str]) -> str | None:
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.4)
    return close[0] if close else None


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


@functools.lru_cache(maxsize=8)
def _empty(schema: pa.Schema) -> pl.DataFrame:
    frame = pl.from_arrow(schema.empty_table())
    assert isinstance(frame, pl.DataFrame)
    return frame
