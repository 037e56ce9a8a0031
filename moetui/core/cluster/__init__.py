"""Where runs are executed: this machine, or a cluster through its scheduler."""
