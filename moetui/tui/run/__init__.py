"""The page of one run or of several overlaid, its log, and what can be done to runs."""
