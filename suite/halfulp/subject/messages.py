"""What judge and subject say to each other: JSON objects, each after its length.

Numbers that are measured never travel here; they lie as encodings in a shared buffer, whose layout
is agreed here too. Standard library only: both sides import this module.
"""

from __future__ import annotations

import json
import struct
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from halfulp.backend import Request
from halfulp.expressions import Apply, Expression, Name, Number
from halfulp.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Mapping

Message: TypeAlias = dict[str, Any]
ItemCode: TypeAlias = Literal["B", "H", "I", "Q"]

MAX_MESSAGE = 1 << 22
"""Longest message accepted, in bytes: more is not one of ours, but a subject's stray writing."""

CONNECTION_LOST = 76
"""Exit code of a subject that finds its connection to the judge closed (EX_PROTOCOL)."""

_LENGTH = struct.Struct("<I")
_ALIGNMENT = 64
_ITEM_CODES: dict[int, ItemCode] = {8: "B", 16: "H", 32: "I", 64: "Q"}


class Garbled(Exception):  # noqa: N818 - says what the bytes are
    """Bytes on the connection that are no message."""


def pack(message: Mapping[str, Any]) -> bytes:
    """Return a message as bytes, its length first."""
    text = json.dumps(message).encode()
    return _LENGTH.pack(len(text)) + text


class Inbox:
    """Bytes received so far, cut into messages."""

    def __init__(self) -> None:
        self._received = bytearray()

    def add(self, data: bytes) -> None:
        """Append what a read returned."""
        self._received += data

    def take(self) -> Message | None:
        """Return and remove the first message, or None while it is not complete.

        Raises
        ------
        Garbled
            If the bytes are not a message.
        """
        if len(self._received) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._received)
        if length > MAX_MESSAGE:
            raise Garbled
        end = _LENGTH.size + length
        if len(self._received) < end:
            return None
        text = bytes(self._received[_LENGTH.size : end])
        del self._received[:end]
        return _decoded(text)


def _decoded(text: bytes) -> Message:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise Garbled from None
    if not isinstance(message, dict):
        raise Garbled
    return message


# -- requests --------------------------------------------------------------------------------


def request_as_data(request: Request) -> Message:
    """Return a request as JSON values."""
    return {
        "function": request.function,
        "formula": None if request.formula is None else _tree_as_data(request.formula),
        "format": request.format.name,
        "arguments": list(request.arguments),
    }


def request_from_data(data: Mapping[str, Any]) -> Request:
    """Return the request that `request_as_data` described."""
    formula = data["formula"]
    return Request(
        function=data["function"],
        formula=None if formula is None else _tree_from_data(formula),
        format=FORMATS[data["format"]],
        arguments=tuple(data["arguments"]),
    )


def _tree_as_data(tree: Expression) -> Any:
    # The tree itself and not its text: the printed text may be longer than the parser accepts.
    match tree:
        case Number(text=text):
            return {"number": text}
        case Name(name=name):
            return {"name": name}
        case Apply(operation, operands):
            return [operation, *(_tree_as_data(operand) for operand in operands)]


def _tree_from_data(data: Any) -> Expression:
    match data:
        case {"number": text}:
            return Number(text, Fraction(text))
        case {"name": name}:
            return Name(name)
        case [operation, *operands]:
            return Apply(operation, tuple(_tree_from_data(operand) for operand in operands))
    raise Garbled


# -- the shared buffer -----------------------------------------------------------------------


def stride_bytes(count: int, width: int) -> int:
    """Return the distance between two arrays of `count` encodings of `width` bits in the buffer.

    The buffer holds one array an argument, then the output, each beginning on a cache line.
    """
    return -(-count * (width // 8) // _ALIGNMENT) * _ALIGNMENT


SLOTS = 4
"""Chunks of a stream that are in the buffer at a time: some are read while others are written."""


def item_code(width: int) -> ItemCode:
    """Return the item type of views of encodings: "B", "H", "I" or "Q"."""
    return _ITEM_CODES[width]
