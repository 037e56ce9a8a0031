"""Text to sequences of tokens: sources of documents, the split, the tokenizer, the token arrays, and the order of training."""
