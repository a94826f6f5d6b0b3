"""The C that is timed: calls repeated in C, so that nothing of Python is between them.

The loop is the plain one that a C programmer writes. That which is judged takes elements in blocks
and fills the last one up, so that results do not depend on places; for short arrays that costs.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from halfulp.backend import Arrays, Call
from halfulp.expressions import Apply, Name
from halfulp_backends._c.generate import Body, Calls, bindings, declarations
from halfulp_backends._c.shared import load_alone

if TYPE_CHECKING:
    from halfulp.backend import Request
    from halfulp_backends._c.names import CType

_TEMPLATE = """\
#define _GNU_SOURCE
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

typedef {type} number;
enum {{ STRIDE = {stride} }};

{declarations}
static inline __attribute__((always_inline)) number element(
    void *const *symbols, {columns}, size_t i)
{{
{bindings}
    (void)symbols;
{statements}
    return {result};
}}

static __attribute__((noinline)) void once(
    size_t n, void *const *symbols, {columns}, number *restrict out)
{{
{loop}
}}

void halfulp_time(
    size_t calls, size_t n, void *const *symbols, {columns}, number *given)
{{
    for (size_t call = 0; call < calls; ++call) {{
        number *out = given ? given : malloc(n * sizeof(number));
        if (!out)
            abort();
        once(n, symbols, {names}, out);
        __asm__ volatile("" : : "r"(out) : "memory");
        if (!given)
            free(out);
    }}
}}
"""

_THROUGHPUT = """\
{pragma}    for (size_t i = 0; i < n; ++i)
        out[i] = element(symbols, {names}, i * STRIDE);\
"""

_LATENCY = """\
    static volatile number none = 0;
    const number zero = none;
    number last = 0;
    for (size_t i = 0; i < n; ++i) {{
        const number first = {first}[i * STRIDE] + zero * last;
        out[i] = last = element(symbols, {names}, 0);
    }}\
"""
"""The compiler cannot know that `zero` is 0: each element waits for the result before it, for a
multiplication and for an addition."""


def timed_loop(request: Request, ctype: CType, calls: Calls, arrays: Arrays) -> str:
    """Return the C source of `halfulp_time(calls, n, symbols, x, ..., out)`."""
    body = Body(request, ctype, calls)
    tree = request.formula or Apply(
        request.function, tuple(Name(name) for name in request.arguments)
    )
    result = body.value(tree)
    names = request.arguments
    if arrays.latency:
        others = [f"{name} + i * STRIDE" for name in names[1:]]
        loop = _LATENCY.format(first=names[0], names=", ".join(["&first", *others]))
    else:
        pragma = "#pragma omp simd\n" if calls.vector else ""
        loop = _THROUGHPUT.format(pragma=pragma, names=", ".join(names))
    return _TEMPLATE.format(
        type=ctype.name,
        stride=arrays.stride,
        declarations=declarations(calls, body.arities) if calls.vector else "",
        columns=", ".join(f"const number *restrict {name}" for name in names),
        bindings="\n".join(bindings(calls, body.arities)),
        statements="\n".join(f"    {line}" for line in body.statements),
        result=result,
        loop=loop,
        names=", ".join(names),
    )


def timed_call(built: Path, arrays: Arrays, symbols: Sequence[int], shown: str) -> Call:
    """Return the call of a built object with `halfulp_time`."""
    function = load_alone(str(built)).halfulp_time
    function.restype = None
    views = [*arrays.inputs, *([] if arrays.output is None else [arrays.output])]
    function.argtypes = [ctypes.c_size_t] * 2 + [ctypes.c_void_p] * (2 + len(arrays.inputs))
    table = (ctypes.c_void_p * max(len(symbols), 1))(*symbols)
    places: list[int | None] = [ctypes.addressof(ctypes.c_char.from_buffer(view)) for view in views]
    if arrays.output is None:
        places.append(None)
    count = len(arrays.inputs[0]) // arrays.stride

    def repeat(calls: int) -> None:
        function(calls, count, ctypes.addressof(table), *places)

    return Call(_once(repeat), _shown(shown, arrays), repeat)


def _once(repeat: Callable[[int], None]) -> Callable[[], None]:
    return lambda: repeat(1)


def _shown(body: str, arrays: Arrays) -> str:
    index = "i" if arrays.stride == 1 else f"{arrays.stride} * i"
    loop = f"for (i = 0; i < n; ++i) out[i] = {body}; with x[{index}]"
    if arrays.latency:
        loop += " + 0 * out[i - 1]"
    return f"{loop}{', out from malloc' if arrays.output is None else ''}"
