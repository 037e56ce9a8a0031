"""The parts of the Devices screen."""
