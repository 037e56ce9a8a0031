"""The parts of the Compare screen. The charts need no textual, so that the command line draws them too."""
