"""What runs say, and how sure it is: pure functions over records, with frozen results (docs/methods.md has the formulas).

A `Measure` says what counts, `groups` puts the seeds of one setting together, `compare` judges settings, `respond` judges
learning rates, and `caveats` names what was not equal.
"""
