"""The settings of adapters that have a few plain ones: checked against their defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from halfulp.backend import Adapter, Settings
from halfulp.exceptions import UsageError

Option: TypeAlias = bool | int | str

_WHAT = {bool: "true or false", int: "a whole number", str: "a text"}


def read_options(
    adapter: Adapter, settings: Settings, defaults: Mapping[str, Option]
) -> dict[str, Option]:
    """Return every option of an adapter; those that are not set have their default.

    Raises
    ------
    UsageError
        If a key is unknown, or its value is of another type than the default.
    """
    if unknown := sorted(settings.keys() - defaults.keys()):
        raise UsageError(
            f"The adapter {adapter.name} has no setting {', '.join(unknown)}; "
            f"it has {', '.join(defaults)}."
        )
    for key, value in settings.items():
        kind = type(defaults[key])
        if type(value) is not kind:
            raise UsageError(
                f"The setting `{key}` of the adapter {adapter.name}: "
                f"expected {_WHAT[kind]}, but got {value!r}."
            )
    return {**defaults, **settings}
