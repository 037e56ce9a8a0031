"""docs/studies: the reports of the studies in runs.json and the page on what they say of the documents' claims.

`python -m pictures.studies` writes both. `gathered` reads the records, `conclusions` has the rules that a conclusion follows,
`noise` the scatter of runs, `rates` and `schedules` the claims with their evidence, `page` the text around them. No number and no
verdict is written by hand; a test compares the committed text with what the records give.
"""
