"""The training engine: trains one Mixture-of-Experts language model from a run directory, and knows nothing else."""
