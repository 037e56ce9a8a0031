"""Text from a trained model, one token after another."""
