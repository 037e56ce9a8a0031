"""The decoder-only Mixture-of-Experts transformer, one part a module.

Shapes in names: B sequences, L positions, T = B·L tokens, D model width, H heads, K experts chosen per token, E experts,
S = T·K rows sorted by expert, F expert width, V vocabulary. Matrices are stored as (in, out), so that `x @ weight` applies them.
"""
