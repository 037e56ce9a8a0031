"""Tokenizer files with every section that they can have: the text becomes the tokens that it has, or nothing is written."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.data.cache import cache_root
from engine.data.corpus import Corpus, open_corpus
from engine.data.tokenizer import load_tokenizer
from engine.errors import InputError
from tests.engine.tiny import tiny_config

WORDS = [f"w{number}" for number in range(40)]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def added(name: str, number: int, **fields: bool) -> dict[str, Any]:
    plain = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {"id": number, "content": name, "special": True} | plain | fields


def tokenizer_file(folder: Path, **sections: Any) -> Path:
    """A tokenizer of words with ids 3 …, `[UNK]` 0, the end of text 1 and padding 2."""
    vocabulary = {"[UNK]": 0, "<|endoftext|>": 1, "<pad>": 2} | {word: 3 + at for at, word in enumerate(WORDS)}
    tree = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [added("<|endoftext|>", 1), added("<pad>", 2)],
        "normalizer": None,
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]"},
    }
    folder.mkdir(exist_ok=True)
    path = folder / "tokenizer.json"
    path.write_text(json.dumps(tree | sections))
    return path


def corpus(tmp_path: Path, tokenizer: str, vocab_size: int = 300, words: int = 20) -> Corpus:
    """The corpus of 60 documents of `words` words each."""
    lines = [" ".join(WORDS[(7 * n + 3 * at) % 40] for at in range(words)) for n in range(60)]
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"text": line, "n": n}) + "\n" for n, line in enumerate(lines)))
    config = tiny_config(path, {"data.tokenizer": tokenizer, "data.validation_fraction": 0.3})
    return open_corpus(config.data, vocab_size, lambda _: None)


PADDING = {
    "strategy": {"Fixed": 256},
    "direction": "Right",
    "pad_to_multiple_of": 64,
    "pad_id": 2,
    "pad_type_id": 0,
    "pad_token": "<pad>",
}
TRUNCATION = {"direction": "Right", "max_length": 5, "strategy": "LongestFirst", "stride": 0}
SPECIAL = {"<|endoftext|>": {"id": "<|endoftext|>", "ids": [1], "tokens": ["<|endoftext|>"]}}
BOUND = [{"SpecialToken": {"id": "<|endoftext|>", "type_id": 0}}]
ONCE = [{"Sequence": {"id": "A", "type_id": 0}}]
PAIR = [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}]


def template(single: list[Any]) -> dict[str, Any]:
    return {"type": "TemplateProcessing", "single": single, "pair": PAIR, "special_tokens": SPECIAL}


@pytest.mark.parametrize(
    "sections",
    [
        {"padding": PADDING},
        {"padding": PADDING | {"strategy": "BatchLongest"}},
        {"truncation": TRUNCATION},
        {"truncation": TRUNCATION, "padding": PADDING},
        {"post_processor": template([*BOUND, *ONCE, *BOUND])},
        {"post_processor": template([*ONCE, *ONCE])},
        {"post_processor": {"type": "Sequence", "processors": [template([*ONCE, *ONCE])]}},
        {"post_processor": {"type": "BertProcessing", "sep": ["<pad>", 2], "cls": ["<|endoftext|>", 1]}},
        {"normalizer": {"type": "Lowercase"}},
        {"decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True}},
    ],
    ids=str,
)
def test_documents_are_tokenized_as_they_are(tmp_path: Path, sections: dict[str, Any]) -> None:
    found = corpus(tmp_path, f"file:{tokenizer_file(tmp_path / 't', **sections)}")
    assert found.about.train_tokens + found.about.validation_tokens == 60 * 21
    use = found.about.use
    assert use is not None
    assert use.finding() is None
    assert use.unknown_share == 0


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"normalizer": {"type": "Replace", "pattern": {"Regex": "w[1-9]"}, "content": ""}}, "does not know much"),
        ({"normalizer": {"type": "Replace", "pattern": {"Regex": "w[0-9]+"}, "content": "w1"}}, "one token is most"),
        ({"normalizer": {"type": "Replace", "pattern": {"Regex": "[^w]+.*"}, "content": ""}}, "has become no token"),
    ],
)
def test_a_tokenizer_that_does_not_suit_the_text_is_a_finding(
    tmp_path: Path, sections: dict[str, Any], said: str
) -> None:
    found = corpus(tmp_path, f"file:{tokenizer_file(tmp_path / 't', **sections)}", words=60)
    assert found.about.use is not None
    finding = found.about.use.finding()
    assert finding is not None
    assert said in finding.evidence
    assert "bytes per token" in finding.evidence


def test_the_vocabulary_reaches_to_the_largest_id(tmp_path: Path) -> None:
    vocabulary = {"[UNK]": 0, "<|endoftext|>": 1, "far": 70_000} | {word: 3 + at for at, word in enumerate(WORDS)}
    model = {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]"}
    path = tokenizer_file(tmp_path / "t", model=model)
    assert load_tokenizer(path).vocabulary == 70_001
    with pytest.raises(InputError, match=r"largest token id .* is 70000, which does not fit model\.vocab_size = 300"):
        corpus(tmp_path, f"file:{path}")
    assert not list(cache_root().glob("*/*/train.bin"))
    found = corpus(tmp_path, f"file:{path}", vocab_size=70_001)
    assert (found.about.vocabulary, found.about.dtype) == (70_001, "<u4")
    added_beyond = tokenizer_file(tmp_path / "u", added_tokens=[added("<|endoftext|>", 1), added("<far>", 900)])
    largest = load_tokenizer(added_beyond)
    assert largest.vocabulary == 1 + max(largest.tokenizer.get_vocab().values())


def test_the_end_of_text_is_checked_before_anything_is_written(tmp_path: Path) -> None:
    folder = tokenizer_file(tmp_path / "t").parent
    settings = folder / "tokenizer_config.json"
    for content, said in (
        ('{"eos_token": "</nowhere>"}', "is no token of"),
        ('{"eos_token": 5}', "eos_token is no text"),
        ("{", "cannot be read"),
    ):
        settings.write_text(content)
        with pytest.raises(InputError, match=said):
            corpus(tmp_path, f"hub:{folder}")
    assert not list(cache_root().glob("building/*/tokenizer.json"))
    settings.write_text('{"eos_token": {"content": "<pad>"}}')
    assert corpus(tmp_path, f"hub:{folder}").about.end_of_text == 2
    settings.write_text('{"eos_token": "<|endoftext|>"}')  # another content is another corpus
    assert corpus(tmp_path, f"hub:{folder}").about.end_of_text == 1


@pytest.mark.parametrize(
    "content",
    ["", "{}", "[]", "null", '{"model": {"type": "BPE"}}', "\ufeff{}", '{"version": "1.0", "model": {"type": "x"}}'],
)
def test_a_file_that_is_no_tokenizer_is_refused_in_one_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text(content)
    with pytest.raises(InputError, match=r"is not a tokenizer\.json") as caught:
        load_tokenizer(path)
    assert "\n" not in str(caught.value)


def test_a_text_that_the_tokenizer_cannot_encode_is_refused(tmp_path: Path) -> None:
    model = {"type": "WordLevel", "vocab": {"w0": 0, "<|endoftext|>": 1}, "unk_token": "[UNK]"}
    path = tokenizer_file(tmp_path / "t", model=model, added_tokens=[added("<|endoftext|>", 1)])
    with pytest.raises(InputError, match="cannot encode the text"):
        corpus(tmp_path, f"file:{path}")


BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
FOREIGN = "he \u00e9\U0001f600 hel\n"
"""Words of the vocabulary, and characters that are not in it."""


def bpe(**changes: Any) -> dict[str, Any]:
    """A model of bytes from id 2 on, some letters, and two merges."""
    tokens = ["<unk>", "<|endoftext|>", *BYTES, "h", "e", "l", " ", "he", "hel"]
    return {
        "type": "BPE",
        "dropout": None,
        "unk_token": "<unk>",
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": True,
        "byte_fallback": True,
        "ignore_merges": False,
        "vocab": {token: number for number, token in enumerate(tokens)},
        "merges": ["h e", "he l"],
    } | changes


def unigram(**changes: Any) -> dict[str, Any]:
    """The same tokens, each with a score."""
    vocabulary = [[token, -1.0 if len(token) < 4 else -9.0] for token in bpe()["vocab"]]
    return {"type": "Unigram", "unk_id": 0, "byte_fallback": True, "vocab": vocabulary} | changes


def by_itself(folder: Path, model: dict[str, Any]) -> Path:
    return tokenizer_file(folder, model=model, added_tokens=[added("<|endoftext|>", 1)], pre_tokenizer=None)


@pytest.mark.parametrize("model", [bpe(), unigram()], ids=["BPE", "Unigram"])
def test_bytes_stand_for_characters_that_are_not_in_the_vocabulary(tmp_path: Path, model: dict[str, Any]) -> None:
    tokenizer = load_tokenizer(by_itself(tmp_path / "t", model))
    (ids,) = tokenizer.encode([FOREIGN])
    told = b""
    for number in ids:
        token = tokenizer.tokenizer.id_to_token(number)
        assert token is not None
        told += bytes([int(token[3:5], 16)]) if token.startswith("<0x") else token.encode()
    assert told.decode() == FOREIGN
    assert tokenizer.unknown == 0
    assert 0 not in ids
    documents = tmp_path / "a.jsonl"
    documents.write_text("".join(json.dumps({"text": f"{FOREIGN} {number}"}) + "\n" for number in range(60)))
    settings = {"data.tokenizer": f"file:{by_itself(tmp_path / 't', model)}", "data.validation_fraction": 0.3}
    use = open_corpus(tiny_config(documents, settings).data, 300, lambda _: None).about.use
    assert use is not None
    assert use.unknown_share == 0


@pytest.mark.parametrize("model", [bpe(byte_fallback=False), unigram(byte_fallback=False)], ids=["BPE", "Unigram"])
def test_what_is_unknown_is_counted_for_every_model(tmp_path: Path, model: dict[str, Any]) -> None:
    documents = tmp_path / "a.jsonl"
    documents.write_text("".join(json.dumps({"text": f"he{chr(0x4E00 + number)}"}) + "\n" for number in range(60)))
    settings = {"data.tokenizer": f"file:{by_itself(tmp_path / 't', model)}", "data.validation_fraction": 0.3}
    use = open_corpus(tiny_config(documents, settings).data, 300, lambda _: None).about.use
    assert use is not None
    assert use.unknown_share == 0.5  # `he`, and the unknown one
    assert use.finding() is not None


def test_a_text_has_the_same_tokens_every_time(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(by_itself(tmp_path / "t", bpe(dropout=0.5)))
    assert len({tuple(tokenizer.encode(["hel hel hel hel hel"])[0]) for _ in range(50)}) == 1
