"""Simulations with known truth of the questions that people ask: error rates, coverage, power and widths.

The tests run a few of them. `python -m tests.simulations` runs all of them and makes the table of docs/methods.md.
"""
