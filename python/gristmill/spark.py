# SPDX-License-Identifier: Apache-2.0
"""Operators in Spark: `gristmill.spark.apply(frame, "filter.gopher_quality", ...)`."""

from typing import Any

from gristmill.operators import as_chain


def batch_function(*operators: Any) -> Any:
    """A function for `DataFrame.mapInArrow`: record batches in, record batches out."""
    chain = as_chain(operators, "Spark's partitions")

    def work(batches):
        for batch in batches:
            made = chain(batch)
            if made.num_rows:
                yield made

    return work


def apply(frame: Any, *operators: Any) -> Any:
    """Applies operators to a Spark DataFrame, all of them in one pass; the schema follows from theirs."""
    from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema

    chain = as_chain(operators, "Spark's partitions")
    # What comes out of no rows shows which columns come out.
    made = chain(to_arrow_schema(frame.schema).empty_table())
    return frame.mapInArrow(batch_function(*operators), from_arrow_schema(made.schema))
