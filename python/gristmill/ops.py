# SPDX-License-Identifier: Apache-2.0
"""Every operator of the catalog as a function: `gristmill.ops.<family>.<name>(data, **options)`.

>>> gristmill.ops.normalize.unicode(table, form="nfc")
>>> gristmill.ops.filter.gopher_quality(frame, text_column="body", annotate=True)

Takes and gives back what `gristmill.Operator` does. Signatures and help are made from the operators' specs; ops.pyi
shows them to editors and type checkers.
"""

import inspect
import textwrap

from gristmill.operators import Operator, specs


class Family:
    """The operators of one family, such as `filter`."""

    def __init__(self, name, functions):
        self.__name__ = f"gristmill.ops.{name}"
        self.__doc__ = f"The operators {', '.join(sorted(functions))}."
        self.__dict__.update(functions)

    def __repr__(self):
        return f"<operators {self.__name__}>"


def _range(option):
    """ "(1..64 words)", "(at least 0)" or nothing."""
    low, high = option.get("minimum"), option.get("maximum")
    parts = [f"{low:g}..{high:g}" if low is not None and high is not None else ""]
    if low is not None and high is None:
        parts = [f"at least {low:g}"]
    elif high is not None and low is None:
        parts = [f"at most {high:g}"]
    if option.get("unit"):
        parts.append(option["unit"])
    text = " ".join(part for part in parts if part)
    return f" ({text})" if text else ""


def documentation(spec):
    """The docstring of an operator's function."""
    items = []
    for option in spec["options"]:
        choices = f" One of: {option['choices'].replace(',', ', ')}." if option.get("choices") else ""
        items.append(f"{option['name']}: {option['help'].rstrip('.')}{_range(option)}.{choices}")
    for direction, title in (
        ("columns_in", "Needs the column"),
        ("columns_out", "Adds the column"),
        ("annotation_columns", "With annotate adds the column"),
    ):
        items += [f"{title} `{one['name']}` ({one['type']}): {one['help'].rstrip('.')}." for one in spec[direction]]
    if spec["reasons"]:
        items.append(f"Reasons: {', '.join(spec['reasons'])}.")
    lines = [*textwrap.wrap(spec["summary"], 100), ""]
    for item in items:
        lines += textwrap.wrap(item, 100, initial_indent="    ", subsequent_indent="        ")
    reference = f"Version {spec['version']}. Reference: {spec['reference'].rstrip('.')}."
    return "\n".join([*lines, "", *textwrap.wrap(reference, 100)])


def signature(spec):
    """The signature of an operator's function: the data, then options by name."""
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter("data", inspect.Parameter.POSITIONAL_ONLY)]
    parameters += [
        inspect.Parameter(option["name"], keyword, default=option.get("default", inspect.Parameter.empty))
        for option in spec["options"]
    ]
    parameters += [
        inspect.Parameter("text_column", keyword, default="text"),
        inspect.Parameter("report", keyword, default=None),
    ]
    return inspect.Signature(parameters)


def _function(spec):
    def operate(data, /, *, text_column="text", report=None, **options):
        return Operator(spec["name"], text_column=text_column, **options)(data, report=report)

    family, _, name = spec["name"].partition(".")
    operate.__name__ = name
    operate.__qualname__ = f"ops.{family}.{name}"
    operate.__doc__ = documentation(spec)
    operate.__signature__ = signature(spec)
    return operate


def _families():
    families = {}
    for spec in specs().values():
        family, _, name = spec["name"].partition(".")
        families.setdefault(family, {})[name] = _function(spec)
    return {name: Family(name, functions) for name, functions in families.items()}


def __getattr__(name):
    if name.startswith("_"):
        raise AttributeError(name)
    families = _families()
    if name not in families:
        raise AttributeError(f"no operators of the family '{name}': there are {', '.join(sorted(families))}")
    globals().update(families)
    return families[name]


def __dir__():
    return sorted({spec.partition(".")[0] for spec in specs()})
