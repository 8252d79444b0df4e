# SPDX-License-Identifier: Apache-2.0
"""Brings Arrow data of any library to the native operators and back, without copying what does not change."""

import json


class _Capsules:
    """A column or record batch that the native half made, for whoever takes Arrow capsules."""

    def __init__(self, pair):
        self._pair = pair

    def __arrow_c_array__(self, requested_schema=None):
        return self._pair


class _Report:
    """Sums the reports of batches."""

    def __init__(self):
        self.total = {"in": 0, "out": 0, "bytes_in": 0, "bytes_out": 0, "dropped": {}, "quarantined": {}}

    def add(self, report):
        for name, value in json.loads(report).items():
            if isinstance(value, dict):
                counts = self.total[name]
                for reason, count in value.items():
                    counts[reason] = counts.get(reason, 0) + count
            else:
                self.total[name] += value


def transform(data, operator, is_global, text_column, report):
    """Applies a native operator to data of any supported library; the result is of the same library."""
    import pyarrow

    if isinstance(data, pyarrow.RecordBatch):
        table = _transform_table(pyarrow.Table.from_batches([data]), operator, is_global, report)
        return _single_batch(table)
    if isinstance(data, pyarrow.Table):
        return _transform_table(data, operator, is_global, report)
    if isinstance(data, pyarrow.RecordBatchReader) and not is_global:
        return _transform_reader(data, operator, report)
    if isinstance(data, (pyarrow.Array, pyarrow.ChunkedArray)) and not pyarrow.types.is_struct(data.type):
        table = _transform_table(pyarrow.table({text_column: data}), operator, is_global, report)
        if table.num_columns > 1:
            return table
        column = table.column(0)
        return column if isinstance(data, pyarrow.ChunkedArray) else column.combine_chunks()
    return _transform_foreign(data, operator, is_global, text_column, report)


def _transform_foreign(data, operator, is_global, text_column, report):
    import pyarrow

    library = type(data).__module__.partition(".")[0]
    if library == "pandas" and type(data).__name__ == "DataFrame":
        # The index is kept as a column, so that rows keep their labels when others go.
        table = pyarrow.Table.from_pandas(data, preserve_index=True)
        return _transform_table(table, operator, is_global, report).to_pandas()
    if library in ("pandas", "polars") and type(data).__name__ == "Series":
        name = data.name
        frame = data.rename(text_column).to_frame()
        result = _transform_foreign(frame, operator, is_global, text_column, report)
        if len(result.columns) > 1:
            return result
        return result[text_column].rename(name)
    if not hasattr(data, "__arrow_c_stream__") and not hasattr(data, "__arrow_c_array__"):
        raise TypeError(
            f"{type(data).__module__}.{type(data).__qualname__} is no Arrow data: pass a pyarrow, Polars or pandas "
            f"table, or an object with the Arrow PyCapsule interface{_advice(data)}"
        )
    if hasattr(data, "__arrow_c_stream__"):
        column = pyarrow.chunked_array(data)
    else:
        column = pyarrow.chunked_array([pyarrow.array(data)])
    if not pyarrow.types.is_struct(column.type):
        return transform(column, operator, is_global, text_column, report)
    # A column of structs is a table.
    table = pyarrow.Table.from_batches(
        [pyarrow.RecordBatch.from_struct_array(chunk) for chunk in column.chunks], pyarrow.schema(list(column.type))
    )
    result = _transform_table(table, operator, is_global, report)
    if library == "polars":
        import polars

        return polars.DataFrame(result)
    return result


def _advice(data):
    """How to make Arrow data of what was given."""
    if hasattr(data, "collect"):
        return "; call .collect() first"
    if hasattr(data, "to_reader"):
        return "; call .to_reader() first"
    if isinstance(data, (list, dict)):
        return ", such as pyarrow.table({'text': [...]})"
    return ""


def _single_batch(table):
    import pyarrow

    batches = table.combine_chunks().to_batches()
    if batches:
        return batches[0]
    return pyarrow.RecordBatch.from_arrays(
        [pyarrow.array([], type=field.type) for field in table.schema], schema=table.schema
    )


def _transform_table(table, operator, is_global, report):
    import pyarrow

    summed = _Report()
    batches = table.to_batches()
    if not batches:
        # An empty table still shows which columns come out.
        batches = [_single_batch(table)]
    if is_global:
        made = _transform_whole(batches, operator, summed)
    else:
        made = [_transform_batch(batch, operator, summed) for batch in batches]
    if report is not None:
        report.update(summed.total)
    return pyarrow.Table.from_batches(made)


def _transform_reader(reader, operator, report):
    """Lazily: a batch is worked on when it is read, and the report grows as they are."""
    import pyarrow

    summed = _Report()

    def batches(first):
        yield first
        for batch in reader:
            yield _transform_batch(batch, operator, summed)
            if report is not None:
                report.update(summed.total)

    # An empty batch tells the schema.
    empty = _transform_batch(_single_batch(reader.schema.empty_table()), operator, summed)
    return pyarrow.RecordBatchReader.from_batches(empty.schema, batches(empty))


def _readable(batch, operator):
    """The columns that the operator may read, of types that it understands."""
    import pyarrow

    names, columns = [], []
    for position, name in enumerate(operator.columns_read):
        found = batch.schema.get_all_field_indices(name)
        if len(found) > 1:
            raise ValueError(f"the table has {len(found)} columns '{name}'")
        if not found:
            continue
        column = _plain(batch.column(found[0]))
        kind = column.type
        is_simple = (
            pyarrow.types.is_integer(kind)
            or pyarrow.types.is_floating(kind)
            or pyarrow.types.is_boolean(kind)
            or pyarrow.types.is_string(kind)
            or pyarrow.types.is_large_string(kind)
            or pyarrow.types.is_string_view(kind)
        )
        if not is_simple and name in operator.columns_needed:
            raise ValueError(f"column '{name}' is of type {column.type}: strings, numbers and booleans can be read")
        if not is_simple and position > 0:
            # A column that happens to be called `metadata` or `url` but holds something else is left alone.
            continue
        if not is_simple:
            raise ValueError(f"column '{name}' is of type {column.type}: the text must be strings, or their bytes")
        names.append(name)
        columns.append(column)
    return pyarrow.RecordBatch.from_arrays(columns, names=names)


def _plain(column):
    """A column in a type that the native half reads, where there is one that holds the same values."""
    import pyarrow

    kind = column.type
    if pyarrow.types.is_dictionary(kind):
        values = _plain(column.dictionary)
        if pyarrow.types.is_string_view(values.type):
            # Arrow cannot take from views yet.
            values = values.cast(pyarrow.large_string())
        return values.take(column.indices)
    if pyarrow.types.is_null(kind):
        return column.cast(pyarrow.string())
    if pyarrow.types.is_binary_view(kind):
        return column.cast(pyarrow.large_binary()).view(pyarrow.large_string())
    if pyarrow.types.is_fixed_size_binary(kind):
        return column.cast(pyarrow.binary()).view(pyarrow.string())
    if pyarrow.types.is_binary(kind):
        return column.view(pyarrow.string())
    if pyarrow.types.is_large_binary(kind):
        return column.view(pyarrow.large_string())
    if pyarrow.types.is_decimal(kind) or pyarrow.types.is_float16(kind):
        return column.cast(pyarrow.float64())
    if pyarrow.types.is_uint64(kind) and len(column) > column.null_count:
        import pyarrow.compute

        # Whole numbers have 63 bits and a sign.
        if pyarrow.compute.max(column).as_py() >= 1 << 63:
            return column.cast(pyarrow.float64(), safe=False)
    return column


def _as_before(column, kind):
    """A column that an operator wrote, in the type that it had, so that all batches of a table agree."""
    import pyarrow

    if column.type.equals(kind):
        return column
    if pyarrow.types.is_dictionary(kind):
        encoded = column.dictionary_encode()
        return pyarrow.DictionaryArray.from_arrays(
            encoded.indices.cast(kind.index_type), encoded.dictionary.cast(kind.value_type), ordered=kind.ordered
        )
    if pyarrow.types.is_null(kind) or pyarrow.types.is_fixed_size_binary(kind):
        return column
    return column.cast(kind)


def _call(function, *arguments):
    try:
        return function(*arguments)
    except KeyError as error:
        raise LookupError(error.args[0]) from None


def _transform_batch(batch, operator, report):
    import pyarrow

    keep, columns, counts = _call(operator.apply, *_readable(batch, operator).__arrow_c_array__())
    report.add(counts)
    made = pyarrow.record_batch(_Capsules(columns))
    mask = None if keep is None else pyarrow.array(_Capsules(keep))
    arrays, fields = [], []
    for field, column in zip(batch.schema, batch.columns, strict=True):
        position = made.schema.get_field_index(field.name)
        column = _kept(column, mask) if position < 0 else _as_before(made.column(position), field.type)
        arrays.append(column)
        fields.append(field if column.type.equals(field.type) else made.schema.field(position))
    for field, column in zip(made.schema, made.columns, strict=True):
        if batch.schema.get_field_index(field.name) < 0:
            arrays.append(column)
            fields.append(field)
    return pyarrow.RecordBatch.from_arrays(arrays, schema=pyarrow.schema(fields, batch.schema.metadata))


def _kept(column, mask):
    """The rows that stay; without a mask the column itself."""
    import pyarrow

    if mask is None:
        return column
    # Arrow cannot filter views yet.
    if pyarrow.types.is_string_view(column.type):
        return column.cast(pyarrow.large_string()).filter(mask).cast(column.type)
    if pyarrow.types.is_binary_view(column.type):
        return column.cast(pyarrow.large_binary()).filter(mask).cast(column.type)
    return column.filter(mask)


def _transform_whole(batches, operator, report):
    import pyarrow

    from gristmill import _native

    keys = _native.Keys()
    for batch in batches:
        _call(operator.add_keys, *_readable(batch, operator).__arrow_c_array__(), keys)
    masks, counts = operator.survivors(keys)
    report.add(counts)
    made = []
    for batch, mask in zip(batches, masks, strict=True):
        keep = pyarrow.array(_Capsules(mask))
        columns = [_kept(column, keep) for column in batch.columns]
        made.append(pyarrow.RecordBatch.from_arrays(columns, schema=batch.schema))
    return made
