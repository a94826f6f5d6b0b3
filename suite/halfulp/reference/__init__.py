"""The exact results: what a function gives at an input, known as an enclosure."""
