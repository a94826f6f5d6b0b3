"""Forms of report: each module turns a run into one kind of document, and reads nothing else."""
