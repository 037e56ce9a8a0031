"""Writing a trained model in the form of one of transformers' own, where that is exactly the same model."""
