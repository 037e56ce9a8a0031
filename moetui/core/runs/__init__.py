"""One run and all runs, as they are now."""
