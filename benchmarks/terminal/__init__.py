"""What benchmarks/tui.py consists of: laboratories on disk, runs that look alive, and applications at the far end of a pty."""
