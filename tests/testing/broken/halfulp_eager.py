"""An adapter that imports its library when it is itself imported."""

from __future__ import annotations

import colorsys  # noqa: F401 - that is what is wrong with it

from halfulp_broken import Good


class Eager(Good):
    name = "broken-Eager"
    requires = ("colorsys",)


adapter = Eager()
