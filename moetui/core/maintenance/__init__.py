"""Putting a workspace in order: doctor, orphans, reindexing."""
