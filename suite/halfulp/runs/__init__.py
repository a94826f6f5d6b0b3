"""A run's tables on disk."""
