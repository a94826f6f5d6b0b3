"""Regions and samplers: which inputs are taken, and how.

Reading their texts is light; the arrays are made in `halfulp.inputs.sources`.
"""

from __future__ import annotations

from halfulp.inputs.hard import has_hard_inputs
from halfulp.inputs.regions import Region, parse_region
from halfulp.inputs.samplers import Sampler, parse_sampler

__all__ = ["Region", "Sampler", "has_hard_inputs", "parse_region", "parse_sampler"]
