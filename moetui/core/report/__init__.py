"""Reports of studies: `subject` gathers, `compose` writes one document, `markdown` and `html` print it, `figures` draws."""
