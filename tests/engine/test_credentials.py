"""Credentials do not become part of a configuration, which is kept with every run and published with its record."""

import pytest

from engine.spec.config import ConfigError, resolve

SECRETS = (
    "user:s3cret@huggingface.co/name",
    "https://user:s3cret@huggingface.co/datasets/name",
    "https://s3cret@huggingface.co/datasets/name",
    "https://host/x?token=s3cret",
    "hf_s3cretABCDEFGHIJKLMNOPQRSTUV",
)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    ("key", "form"), [("hub_name", "{}"), ("hub_revision", "{}"), ("tokenizer", "hub:{}"), ("tokenizer", "file:{}")]
)
def test_a_setting_with_credentials_is_refused_and_not_repeated(key: str, form: str, secret: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve({"data": {key: form.format(secret)}})
    assert f"data.{key}: it holds credentials" in str(caught.value)
    assert "HF_TOKEN" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_file_with_credentials_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"data\.files: it holds credentials"):
        resolve({"data": {"source": "files", "files": ["a.txt", "s3://key:s3cret@bucket/*.txt"]}})


@pytest.mark.parametrize(
    "data",
    [
        {"hub_name": "HuggingFaceTB/smollm-corpus"},
        {"tokenizer": "hub:org/name"},
        {"tokenizer": "file:me@home/tokenizer.json"},
        {"source": "files", "files": ["~/me@home/*.txt", "C:/x/*.txt"]},
        {"separator": "<|a:b@c|>"},
    ],
)
def test_ordinary_names_and_paths_are_taken(data: dict[str, object]) -> None:
    resolve({"data": data})
