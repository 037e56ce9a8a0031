"""runs.json: the records of all runs."""
