"""What the Live screen consists of."""
