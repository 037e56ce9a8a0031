"""From presets to runs: what is going to run, and what is wrong with it."""
