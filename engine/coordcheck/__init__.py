"""The coordinate check: how far updates move the parts of a model, for the laboratory to compare between widths."""
