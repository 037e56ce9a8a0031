"""Other machines, which the user's own ssh reaches: commands run there, and runs are copied from there."""
