"""Adapters shipped with halfulp, one module a library.

Each module names an object `adapter` that keeps the contract in `halfulp.backend`, and imports its
library only when that loads. The suite finds them by entry point, as it finds anybody's.
"""
