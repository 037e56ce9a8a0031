"""The optimizers, and which of them updates which parameter."""
