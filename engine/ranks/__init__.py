"""Several processes that train one run together, one on each device."""
