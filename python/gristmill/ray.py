# SPDX-License-Identifier: Apache-2.0
"""Operators in Ray Data: `gristmill.ray.map_batches(dataset, "extract.strip_tags", ...)`."""

from typing import Any

from gristmill.operators import Chain, as_chain


def batch_function(*operators: Any) -> Any:
    """A function for `ray.data.Dataset.map_batches(..., batch_format="pyarrow")`.

    Takes names of operators and `gristmill.Operator`s; they are applied one after the other to each batch.
    """
    chain = as_chain(operators, "Ray Data's batches")

    # Ray takes a callable object for a class to be made in an actor; a function it calls as it is.
    def work(table):
        return chain(table)

    return work


def map_batches(dataset: Any, *operators: Any, metrics: Any = None, batch_size: Any = 4096, **ray_options: Any) -> Any:
    """Applies operators to a Ray dataset, all of them in one pass over each batch.

    `metrics` is called with a report of each finished batch, {"filter.noise": {"in": ..., "dropped": ...}}: a method of
    an actor (`actor.add.remote`), for example. It hears of a batch again when Ray repeats the task. `ray_options` go to
    `map_batches` (compute, num_cpus, ...). Ray repeats batches whose function raises when
    `ray.data.DataContext.get_current()` says so (retried_map_errors, max_map_retries).
    """
    chain: Chain = as_chain(operators, "Ray Data's batches")

    def work(table):
        report: dict[str, Any] = {}
        made = chain(table, report=report)
        if metrics is not None:
            metrics(report)
        return made

    return dataset.map_batches(work, batch_format="pyarrow", batch_size=batch_size, zero_copy_batch=True, **ray_options)
