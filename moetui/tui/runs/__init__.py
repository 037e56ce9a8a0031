"""The parts of the Runs screen: what its lines say, and the pages of one run."""
