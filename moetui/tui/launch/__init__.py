"""The parts of the Launch screen: what is chosen, what would run, and the widgets that show both."""
