from __future__ import annotations

import pytest

from halfulp.backend import Request
from halfulp.expressions import parse
from halfulp.formats import FORMATS
from halfulp.subject.messages import (
    MAX_MESSAGE,
    Garbled,
    Inbox,
    pack,
    request_as_data,
    request_from_data,
    stride_bytes,
)


def test_messages_are_cut_out_of_any_pieces() -> None:
    messages = [{"id": 1}, {}, {"reason": "ünï\udc80"}]
    stream = b"".join(map(pack, messages))
    for size in (1, 3, len(stream)):
        inbox, taken = Inbox(), []
        for start in range(0, len(stream), size):
            inbox.add(stream[start : start + size])
            while (message := inbox.take()) is not None:
                taken.append(message)
        assert taken == messages


@pytest.mark.parametrize(
    "stray",
    [
        b"\xff" * 8,
        (MAX_MESSAGE + 1).to_bytes(4, "little"),
        b"\x02\0\0\0[]",
        b"\x02\0\0\0{x",
        b"\x02\0\0\0\xff\xff",
        (100_000).to_bytes(4, "little") + b"[" * 100_000,
    ],
)
def test_stray_bytes_are_no_message(stray: bytes) -> None:
    inbox = Inbox()
    inbox.add(stray)
    with pytest.raises(Garbled):
        inbox.take()


@pytest.mark.parametrize("formula", [None, "x", "-(x**2)/1_0.5e-3 - pow(x, y)*pi"])
def test_requests_come_back_as_they_were(formula: str | None) -> None:
    for fmt in FORMATS.values():
        tree = None if formula is None else parse(formula)
        request = Request("hypot", tree, fmt, ("x", "y"))
        assert request_from_data(request_as_data(request)) == request


def test_arrays_begin_on_cache_lines() -> None:
    assert [stride_bytes(count, 16) for count in (0, 1, 32, 33)] == [0, 64, 64, 128]
    assert stride_bytes(9, 64) == 128
