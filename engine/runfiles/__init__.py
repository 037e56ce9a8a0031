"""What a run leaves behind: its directory, measurements, locks and checkpoints as files. Needs no torch."""
