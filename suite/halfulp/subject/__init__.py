"""Subjects: the processes in which backends run, and the judge's handles on them.

`host` is the subject's own side, `handle` the judge's, `inprocess` serves a Python callable in the
judge's process behind the same interface (`protocol`). This module imports nothing, because the
subject's process passes through it.
"""
