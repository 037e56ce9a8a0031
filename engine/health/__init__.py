"""Signs of trouble in the measurements of a run: pure functions from records to findings, the same live and afterwards.

Each family of detectors is one module; `examine` asks them all. docs/health.md gives every rule with its formula and source.
Nothing here needs more than the standard library, so that the trainer and the laboratory can both ask.
"""
