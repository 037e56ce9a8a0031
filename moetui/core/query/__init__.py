"""Which runs are meant, in which order and groups: fields and the filter language."""
