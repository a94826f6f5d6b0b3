"""Python's decimal module as a backend of halfulp."""
