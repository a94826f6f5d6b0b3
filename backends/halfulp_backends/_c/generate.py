"""The C that is compiled: a loop over a function, or over a formula, operator by operator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from halfulp.backend import Request
from halfulp.expressions import Apply, Expression, Name, Number, fold
from halfulp_backends._c.names import CType
from halfulp_backends._formulas import pi

_TEMPLATE = """\
#define _GNU_SOURCE
#include <math.h>
#include <stddef.h>

typedef {type} number;
enum {{ BLOCK = 64 }};

{declarations}
static __attribute__((noinline)) void block(void *const *symbols, {columns}, number *restrict out)
{{
{bindings}
    (void)symbols;
{pragma}    for (int i = 0; i < BLOCK; ++i) {{
{statements}
        out[i] = {result};
    }}
}}

void halfulp_loop(size_t n, void *const *symbols, {columns}, number *restrict out)
{{
    size_t i = 0;
    for (; i + BLOCK <= n; i += BLOCK)
        block(symbols, {offsets}, out + i);
    if (i < n) {{
        number {rests}, results[BLOCK];
        for (size_t j = 0; j < BLOCK; ++j) {{
            const size_t k = i + j < n ? i + j : n - 1;
{copies}
        }}
        block(symbols, {rest_names}, results);
        for (size_t j = 0; i + j < n; ++j)
            out[i + j] = results[j];
    }}
}}
"""
"""Elements are taken 64 at a time, and the last ones are filled up to 64.

A loop that the compiler vectorises ends with a scalar loop over what is left, which often calls
another routine: an input's result would depend on its place, and a witness could not be repeated.
"""


_RAMP = """\
void halfulp_ramp_{bytes}(size_t n, uint{bits}_t first, uint{bits}_t step, uint{bits}_t *out)
{{
    for (size_t i = 0; i < n; ++i, first += step)
        out[i] = first;
}}
"""


def ramps() -> str:
    """Return the C source of `halfulp_ramp_4(n, first, step, out)` and of other widths."""
    widths = "\n".join(_RAMP.format(bytes=size, bits=8 * size) for size in (1, 2, 4, 8))
    return f"#include <stddef.h>\n#include <stdint.h>\n\n{widths}"


@dataclass(frozen=True)
class Calls:
    """How functions are called.

    Parameters
    ----------
    names
        The C expression to call by function of the catalogue, such as expf.
    bound
        Functions that are called through pointers, in the order of the table of symbols.
    vector
        Whether to declare the functions as having vector variants.
    """

    names: dict[str, str]
    bound: tuple[str, ...] = ()
    vector: bool = False


def loop(request: Request, ctype: CType, calls: Calls) -> str:
    """Return the C source of a request.

    The one symbol of it is `halfulp_loop(n, symbols, x, ..., out)`.
    """
    body = Body(request, ctype, calls)
    tree = request.formula or Apply(
        request.function, tuple(Name(name) for name in request.arguments)
    )
    result = body.value(tree)
    arguments = request.arguments
    return _TEMPLATE.format(
        type=ctype.name,
        declarations=declarations(calls, body.arities) if calls.vector else "",
        columns=", ".join(f"const number *restrict {name}" for name in arguments),
        bindings="\n".join(bindings(calls, body.arities)),
        pragma="#pragma omp simd\n" if calls.vector else "",
        statements="\n".join(f"        {line}" for line in body.statements),
        result=result,
        offsets=", ".join(f"{name} + i" for name in arguments),
        rests=", ".join(f"rest_{name}[BLOCK]" for name in arguments),
        copies="\n".join(f"            rest_{name}[j] = {name}[k];" for name in arguments),
        rest_names=", ".join(f"rest_{name}" for name in arguments),
    )


@dataclass
class Body:
    """The statements of one element: a constant for each operation, so that each is rounded."""

    request: Request
    ctype: CType
    calls: Calls
    statements: list[str] = field(default_factory=list)
    arities: dict[str, int] = field(default_factory=dict)

    def value(self, tree: Expression) -> str:
        """Emit what computes a tree, and return the C expression of its value."""
        return fold(tree, self._number, self._name, self._apply)

    def _number(self, node: Number) -> str:
        fmt = self.request.format
        return self.ctype.literal(fmt, fmt.round(node.value))

    def _name(self, name: str) -> str:
        if name in self.request.arguments:
            return f"{name}[i]"
        assert name == "pi", f"no constant is called {name}"
        fmt = self.request.format
        return self.ctype.literal(fmt, fmt.round(pi()))

    def _apply(self, operation: str, operands: tuple[str, ...]) -> str:
        name = f"t{len(self.statements) + 1}"
        self.statements.append(f"const number {name} = {self._expression(operation, operands)};")
        return name

    def _expression(self, operation: str, operands: Sequence[str]) -> str:
        if operation == "negate":
            return f"-{operands[0]}"
        if operation in {"+", "-", "*", "/"}:
            return f"{operands[0]} {operation} {operands[1]}"
        function = "pow" if operation == "**" else operation
        self.arities[function] = len(operands)
        return f"{self._callee(function)}({', '.join(operands)})"

    def _callee(self, function: str) -> str:
        if function in self.calls.bound:
            return f"call_{self.calls.bound.index(function)}"
        prefix = "vector_" if self.calls.vector else ""
        return prefix + self.calls.names[function]


def bindings(calls: Calls, arities: dict[str, int]) -> list[str]:
    """Return the declarations of the pointers through which functions are called."""
    return [
        f"    number (*const call_{place})({_types(arities[function])}) = "
        f"(number (*)({_types(arities[function])}))symbols[{place}];"
        for place, function in enumerate(calls.bound)
        if function in arities
    ]


def declarations(calls: Calls, arities: dict[str, int]) -> str:
    """Declare functions under names of our own, which no compiler knows anything about.

    glibc's <math.h> declares its vector variants under -ffast-math only; that would change the
    arithmetic around the calls too.
    """
    return "".join(
        f"extern number vector_{calls.names[function]}({_types(arity)}) "
        f'__asm__("{calls.names[function]}") __attribute__((simd("notinbranch"), const));\n'
        for function, arity in arities.items()
    )


def _types(arity: int) -> str:
    return ", ".join(["number"] * arity)
