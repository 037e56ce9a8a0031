"""`python -m engine.coordcheck` reads `{"at": [1, 3, 10], "configs": [...]}` on stdin and prints one line of JSON for each.

The configurations differ in the model and the seed only, so they share their text. Exit codes: 0 done, 1 failed, 2 bad input,
130 interrupted.
"""

import sys
from dataclasses import asdict

import orjson

from engine.errors import InputError
from engine.program import run


def main() -> int:
    """Measure every configuration in turn."""
    return run(lambda: _measure(sys.stdin.buffer.read()))


def _measure(text: bytes) -> int:
    import torch

    from engine.coordcheck.measure import measure
    from engine.data.corpus import open_corpus
    from engine.data.sides import sides
    from engine.runfiles.metrics import encode
    from engine.spec.config import ConfigError, resolve

    try:
        asked = orjson.loads(text)
        configs, at = [resolve(tree) for tree in asked["configs"]], [int(update) for update in asked["at"]]
    except (ConfigError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"stdin: {error}") from None
    first = configs[0]
    corpus = open_corpus(first.data, first.model.vocab_size, lambda word: print(word, file=sys.stderr, flush=True))
    training, validation = sides(corpus, first.data, torch.device("cpu"))
    for config in configs:
        found = measure(config, training, validation, corpus.about.end_of_text, at)
        print(orjson.dumps(encode(asdict(found))).decode(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
