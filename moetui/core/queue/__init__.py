"""What is done to runs: queueing, dispatching, placing, pruning, stopping, editing, running again."""
