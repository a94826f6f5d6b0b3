"""Timing that can be believed: clock, calibration, interleaved rounds and statistics."""
