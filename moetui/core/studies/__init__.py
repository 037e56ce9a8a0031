"""Runs that belong together: progress, comparison, estimates, and what to run next."""
