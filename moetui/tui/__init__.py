"""The terminal interface: three screens over the core."""
