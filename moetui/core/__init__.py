"""What the laboratory does, without a terminal: the command line and the TUI are two fronts of this package."""
