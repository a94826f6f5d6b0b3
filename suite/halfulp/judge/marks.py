"""What compiled loops write where there is no rest: an element's own kind."""

NOT_A_NUMBER, INFINITE = 2.0, 4.0
"""Rests, which are otherwise below 1, that mark poles: the result is a nan, or +infinity."""
