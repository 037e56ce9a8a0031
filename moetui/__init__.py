"""The laboratory: plans, launches, watches, records and compares runs of the engine."""
