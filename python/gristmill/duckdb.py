# SPDX-License-Identifier: Apache-2.0
"""Operators in DuckDB: as SQL functions, or on relations."""

from typing import Any

from gristmill.operators import Operator, as_chain


def apply(relation: Any, *operators: Any, connection: Any = None) -> Any:
    """Applies operators to a DuckDB relation and returns a relation.

    `connection` is the one that the relation belongs to; DuckDB's default one when left out.
    """
    import duckdb

    chain = as_chain(operators, None)
    return (connection or duckdb.default_connection()).from_arrow(chain(relation.to_arrow_table()))


def register(connection: Any, operator: Any, name: str | None = None, *, returns: str | None = None) -> str:
    """Makes an operator a SQL function of one text; returns the function's name.

    The function is called like the operator with an underscore, `filter_gopher_quality`, or by `name`. A filter gives
    the reason for which it would drop the text, null when it keeps it: `WHERE filter_gopher_quality(text) IS NULL`. Any
    other operator gives the new text, or the column that `returns` names; null for a text that it drops.
    """
    import pyarrow
    import pyarrow.compute

    operator = Operator(operator) if isinstance(operator, str) else operator
    as_chain([operator], "SQL functions")
    spec = operator.spec
    if spec["columns_in"]:
        needed = ", ".join(column["name"] for column in spec["columns_in"])
        raise ValueError(f"{spec['name']} reads other columns ({needed}): use gristmill.duckdb.apply")
    name = name or spec["name"].replace(".", "_")
    if spec["kind"] == "filter":
        operator = Operator(spec["name"], text_column=operator.text_column, **{**operator.options, "annotate": True})
        returns = returns or f"{spec['name'].replace('.', '_')}_reason"
    column = returns or operator.text_column
    sample = operator(pyarrow.table({operator.text_column: pyarrow.array([], pyarrow.string())}))
    if column not in sample.column_names:
        raise ValueError(f"{spec['name']} gives no column '{column}': {', '.join(sample.column_names)}")
    kind = sample.schema.field(column).type

    def work(texts):
        rows = pyarrow.array(range(len(texts)), pyarrow.int64())
        made = operator(pyarrow.table({operator.text_column: texts, "gristmill_row": rows}))
        if made.num_rows == len(texts):
            return made.column(column)
        # Rows that the operator left out become null, in their place.
        places = pyarrow.compute.index_in(rows, made.column("gristmill_row"))
        return made.column(column).take(places)

    connection.create_function(
        name, work, [str(_sql_type("string"))], _sql_type(str(kind)), type="arrow", null_handling="special"
    )
    return name


def _sql_type(arrow_type):
    types = {"string": "VARCHAR", "large_string": "VARCHAR", "bool": "BOOLEAN", "int64": "BIGINT", "double": "DOUBLE"}
    if arrow_type not in types:
        raise ValueError(f"no SQL type for {arrow_type}")
    return types[arrow_type]
