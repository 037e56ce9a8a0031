"""The terminal interface: five screens over the core."""
