"""What a run is asked to be: its configuration, model, optimizer and schedule. Needs no torch."""
