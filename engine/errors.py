"""Errors that the user can mend: one line that says what is wrong, where, and what to do."""


class InputError(Exception):
    """Data, a tokenizer or a setting that the run cannot be trained with. The text is for the user; no traceback is shown."""
