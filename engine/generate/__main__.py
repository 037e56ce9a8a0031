"""`python -m engine.generate RUN_DIR --prompt=TEXT` continues a text with the model of a run, on stdout as it comes.

Exit codes: 0 done, 1 failed, 2 bad input, 130 interrupted.
"""

import argparse
import itertools
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from engine.errors import InputError
from engine.program import run
from engine.spec.harmless import harmless_json

if TYPE_CHECKING:
    from engine.generate.sampling import Sampling
    from engine.training.trained import Trained


def main() -> int:
    """Continue one text."""
    parser = argparse.ArgumentParser(prog="python -m engine.generate")
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--prompt", default="")
    parser.add_argument("--max-tokens", type=int, default=100)
    parser.add_argument("--temperature", type=float, default=0.8)
    parser.add_argument("--top-k", type=int, default=0)
    parser.add_argument("--top-p", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--checkpoint", choices=("best", "last"), default="best")
    parser.add_argument("--json", action="store_true")
    return run(lambda: _generate(parser.parse_args()))


def _generate(arguments: argparse.Namespace) -> int:
    from engine.generate.sampling import Sampling
    from engine.spec.config import TrainingConfig
    from engine.training.device import open_device
    from engine.training.trained import load_trained

    trained = load_trained(arguments.run_dir, arguments.checkpoint, open_device(TrainingConfig()))
    # An argument that is not UTF-8 reaches Python in pieces that no tokenizer takes.
    prompt = arguments.prompt.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    sampling = Sampling(arguments.temperature, arguments.top_k, arguments.top_p, arguments.seed)
    start = time.perf_counter()
    tokens, ended = _continue(trained, prompt, sampling, arguments.max_tokens, stream=not arguments.json)
    seconds = time.perf_counter() - start
    if arguments.json:
        facts = {
            "prompt": prompt,
            "text": trained.tokenizer.tokenizer.decode(tokens, skip_special_tokens=True),
            "tokens": len(tokens),
            "ended": ended,
            "seed": sampling.seed,
            "seconds": seconds,
            "checkpoint": trained.kind,
            "update": trained.update,
        }
        print(harmless_json(orjson.dumps(facts, option=orjson.OPT_INDENT_2).decode()))
    else:
        print(flush=True)
        print(
            f"checkpoint `{trained.kind}` at update {trained.update}, seed {sampling.seed}: {len(tokens)} tokens"
            f"{' to the end of the text' if ended else ''}, {len(tokens) / seconds:.0f} tokens/s",
            file=sys.stderr,
        )
    return 0


def _continue(
    trained: "Trained", prompt: str, sampling: "Sampling", max_tokens: int, *, stream: bool
) -> tuple[list[int], bool]:
    """The tokens that follow the prompt, and whether the text ended by itself; `stream` prints them as they come."""
    from tokenizers.decoders import DecodeStream

    from engine.generate.continuation import continuation

    text, end = trained.tokenizer, trained.tokenizer.end_of_text
    (read,) = text.encode([prompt])
    if not read:
        if end is None:
            raise InputError("the prompt is empty, and the tokenizer has no end-of-text token to begin a text with")
        read = [end]  # what a document begins after
    pieces = DecodeStream(ids=read, skip_special_tokens=True)
    tokens: list[int] = []
    drawn = continuation(trained.model, read, trained.config.data.sequence_length, text.vocabulary, sampling)
    for token in itertools.islice(drawn, max_tokens):
        if token == end:
            return tokens, True
        tokens.append(token)
        if stream:
            print(pieces.step(text.tokenizer, token) or "", end="", flush=True)
    return tokens, False


if __name__ == "__main__":
    sys.exit(main())
