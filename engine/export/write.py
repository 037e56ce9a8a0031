"""Writing a directory that `AutoModelForCausalLM` and `AutoTokenizer` of transformers load as they are."""

from pathlib import Path

from engine.data.tokenizer import TextTokenizer
from engine.errors import InputError
from engine.export.equal import Equal, find_equal
from engine.export.weights import to_transformers
from engine.training.trained import Trained


def check_target(directory: Path) -> None:
    """Raise `InputError` unless the directory is new or empty."""
    if directory.is_dir() and any(directory.iterdir()):
        raise InputError(f"{directory} is not empty; name a directory that is, or a new one")
    if directory.exists() and not directory.is_dir():
        raise InputError(f"{directory} is a file; name a directory that is new or empty")


def export(trained: Trained, directory: Path) -> Equal:
    """Write config.json, model.safetensors and the tokenizer's files; returns what the model is there. Raises `InputError`."""
    from transformers import AutoConfig, AutoModelForCausalLM

    check_target(directory)
    config = trained.config.model
    end_of_text = trained.tokenizer.end_of_text
    equal = find_equal(config, trained.config.data.sequence_length, end_of_text)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(equal.family, **equal.settings))
    model.load_state_dict(to_transformers(trained.model.state_dict(), config, equal.family))
    # It writes the names that the family's published checkpoints have, not those of its modules.
    model.save_pretrained(directory)
    _save_tokenizer(trained.tokenizer, directory, trained.config.data.sequence_length)
    return equal


def _save_tokenizer(tokenizer: TextTokenizer, directory: Path, length: int) -> None:
    from transformers import PreTrainedTokenizerFast

    end = tokenizer.end_of_text
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer.tokenizer,
        eos_token=None if end is None else tokenizer.tokenizer.id_to_token(end),
        model_max_length=length,
    ).save_pretrained(directory)
