"""The judge: outputs against exact results, by integer arithmetic alone.

Nothing here calls a mathematical function: loops use + - *, shifts, comparisons and bit operations
on encodings, so that a library under test cannot bend its own verdict.
"""
