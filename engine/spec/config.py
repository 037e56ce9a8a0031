"""The configuration of one run: a tree of frozen pydantic models in which every field has a meaning, a unit and bounds.

The terminal form, `--set key=value`, `moetui explain` and the preset files all speak of the fields below by their dotted key,
such as `optimizer.lr`. An unknown key or a value out of bounds raises `ConfigError`, which names the key and says what is allowed.
"""

import difflib
import re
import reprlib
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from engine.spec import schedules, width
from engine.spec.harmless import one_line
from engine.spec.model import ModelConfig
from engine.spec.optimizers import OptimizerConfig
from engine.spec.schedules import ScheduleConfig
from engine.spec.section import Section, described

Tree = Mapping[str, Any]

# Two keys that say the same thing in two ways: a later layer of settings that gives one drops the other.
ALTERNATIVES = {
    "schedule.warmup": "schedule.warmup_updates",
    "schedule.warmup_updates": "schedule.warmup",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a configuration: the dotted key at fault ("" for the whole) and what is wrong with it."""

    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.key}: {self.message}" if self.key else self.message


_CREDENTIALS = re.compile(
    r"(^|/)[^\s/@:]*:[^\s/@]+@|://[^\s/@]+@|[?&](access_)?(token|key|password)=|\bhf_[A-Za-z0-9]{20,}"
)
"""`user:token@`, `https://token@`, `?token=`, or a token of the hub."""

SEPARATOR_PATTERN = "re:"
"""How a `data.separator` begins that is a regular expression."""

_TOKENIZER_KIND = re.compile("^(hub|file|bpe):")


_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 80
"""What was given instead, in messages of one line."""


class ConfigError(ValueError):
    """A configuration that cannot be run; `problems` holds every fault found."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(one_line("; ".join(map(str, problems))))


class DataConfig(Section):
    """Where the text comes from and how it becomes sequences."""

    source: Literal["pydocs", "files", "hub"] = described(
        "pydocs",
        "pydocs: documentation of installed packages, needs no network; files: your own; hub: a Hugging Face data set.",
    )
    files: tuple[str, ...] = described(
        (),
        "For source = files: paths, directories or globs of .txt, .jsonl, .ndjson, .csv, .tsv or .parquet, each perhaps with "
        ".gz, .zst or .xz.",
        strict=False,
    )
    separator: str = described(
        "<|endoftext|>",
        "For .txt files: the line between documents, and inside lines too if it is a token such as <|endoftext|>. A line break: "
        "blank lines. re:PATTERN: a regular expression within a line. Empty: a file is a document.",
    )
    document_tokens: int = described(
        0,
        "For source = files: cut documents into pieces of about so many tokens (4 characters each), at white space; 0 cuts none.",
        unit="tokens",
        ge=0,
    )
    text_field: str = described("text", "Column that holds the text, for every format but .txt.", min_length=1)
    hub_name: str = described("HuggingFaceTB/smollm-corpus", "For source = hub: name of the data set.")
    hub_config: str = described("cosmopedia-v2", "For source = hub: configuration of the data set; may be empty.")
    hub_revision: str = described("", "For source = hub: branch, tag or commit; empty: the main branch.")
    hub_split: str = described("train", "For source = hub: split to read.", min_length=1)
    max_documents: int = described(0, "Read at most so many documents; 0 reads all.", unit="documents", ge=0)
    max_tokens: int = described(
        0,
        "Read documents until both splits together have so many tokens; 0 reads all. The last document is kept whole.",
        unit="tokens",
        ge=0,
    )
    tokenizer: str = described(
        "hub:HuggingFaceTB/SmolLM-135M",
        "hub:NAME, file:PATH of a tokenizer.json, or bpe:VOCAB to train one on the training documents.",
        pattern=r"^(hub:.+|file:.+|bpe:[1-9][0-9]*)$",
    )
    sequence_length: int = described(512, "Length of a training sequence.", unit="tokens", ge=8, le=131072)
    validation_fraction: float = described(
        0.1, "Share of the documents, by a hash of their text, that is held out.", unit="fraction", gt=0, le=0.5
    )
    split: Literal["document", "overlap"] = described(
        "document",
        "document: whole documents are held out. overlap: sequences that begin one token apart are held out at random, so that "
        "nearly all of their text is trained on as well; a fault of published code, and no measure of anything else.",
    )
    end_of_text: bool = described(True, "Put the end-of-text token between documents.")

    @field_validator("files", "hub_name", "hub_config", "hub_revision", "tokenizer")
    @classmethod
    def _no_credentials(cls, value: Any) -> Any:
        for text in value if isinstance(value, tuple) else (value,):
            if _CREDENTIALS.search(_TOKENIZER_KIND.sub("", text)):
                raise ValueError(
                    "it holds credentials, which would be kept with the run; leave them out: "
                    "the environment gives them (HF_TOKEN, or `hf auth login`)"
                )
        return value

    @field_validator("separator")
    @classmethod
    def _pattern(cls, value: str) -> str:
        if value.startswith(SEPARATOR_PATTERN):
            try:
                empty = re.compile(value.removeprefix(SEPARATOR_PATTERN)).search("") is not None
            except re.error as error:
                raise ValueError(f"no regular expression: {error}") from None
            if empty:
                raise ValueError("a pattern that matches the empty text would cut everywhere")
        return value

    @model_validator(mode="after")
    def _source_is_complete(self) -> Self:
        if self.source == "files" and not self.files:
            raise ValueError('source = "files" needs data.files, such as ["corpus/*.txt"]')
        if self.source == "hub" and not self.hub_name:
            raise ValueError('source = "hub" needs data.hub_name')
        return self


class TrainingConfig(Section):
    """Length, batch and machine of the run."""

    updates: int = described(1000, "Optimizer updates.", unit="updates", ge=1)
    batch_size: int = described(24, "Sequences in one micro-batch.", unit="sequences", ge=1, le=65536)
    accumulation: int = described(
        1, "Micro-batches whose gradients make one update.", unit="micro-batches", ge=1, le=65536
    )
    micro_batch: Literal["whole", "auto"] = described(
        "whole",
        "auto: a micro-batch that does not fit into memory is computed in halves, quarters and so on, and the update learns from "
        "the same sequences; the balance loss is then that of the parts. whole: it must fit.",
    )
    dtype: Literal["auto", "float32", "bfloat16"] = described(
        "auto",
        "Precision of the matrix products; weights stay float32. auto: bfloat16 on a GPU of compute capability 8.0 or more, "
        "float32 on older ones (float16 is not offered) and on a CPU.",
    )
    device: Literal["auto", "cpu", "cuda"] = described(
        "auto", "auto: a GPU where there is one; that it cannot be used is then an error."
    )
    deterministic: bool = described(
        False,
        "On a GPU: kernels that add in a fixed order, so that a rerun has the same losses bit for bit; costs speed, most of it in "
        "the backward pass of attention. A CPU adds in a fixed order anyway.",
    )
    compile: Literal["off", "regions", "graph"] = described(
        "off",
        "regions: blocks and loss are compiled for the shape of the micro-batch, which takes a minute at the start and a C++ "
        "compiler on a CPU. graph: a GPU captures the passes of a micro-batch and replays them. The first micro-batch is computed "
        "both ways; where that fails or differs, the run goes on as with off, and says so. Same learning up to rounding.",
    )
    log_every: int = described(1, "Updates between two records of the training loss.", unit="updates", ge=1)
    checkpoint_seconds: float = described(
        300.0, "Time after which a `last` checkpoint is written; 0 leaves it to checkpoint_updates.", unit="s", ge=0
    )
    checkpoint_updates: int = described(
        0,
        "Updates after which a `last` checkpoint is written; 0 leaves it to checkpoint_seconds.",
        unit="updates",
        ge=0,
    )
    keep_at: tuple[float, ...] = described(
        (),
        "Keep a whole checkpoint for good after these updates: shares of the run below 1, else numbers; `moetui cooldown` and "
        "`fork --with-optimizer` begin there.",
        strict=False,
    )

    noise_scale: bool = described(
        False,
        "Measure the gradient noise scale from the micro-batches of every update, apart for the embedding and each optimizer; it "
        "takes two micro-batches or more, and memory for the gradients once more.",
    )

    @property
    def kept_updates(self) -> frozenset[int]:
        """The numbers of the updates after which a checkpoint is kept."""
        return frozenset(round(at * self.updates) if at < 1 else round(at) for at in self.keep_at)

    @model_validator(mode="after")
    def _keeps_what_is_reached(self) -> Self:
        if odd := [update for update in self.kept_updates if not 1 <= update <= self.updates]:
            raise ValueError(f"keep_at: update {odd[0]} is not one of the {self.updates} of the run")
        return self

    @model_validator(mode="after")
    def _compares_micro_batches(self) -> Self:
        if self.noise_scale and self.accumulation < 2:
            raise ValueError("noise_scale: it compares micro-batches, so accumulation must be 2 or more")
        return self


class EvaluationConfig(Section):
    """When and how the validation loss is measured. It always covers the whole validation split unless limited."""

    every: int = described(
        50, "Updates between evaluations; the last update is always evaluated.", unit="updates", ge=1
    )
    batch_size: int = described(
        0, "Sequences per evaluation batch; 0 takes training.batch_size.", unit="sequences", ge=0
    )
    max_sequences: int = described(
        0, "Evaluate on the first so many sequences only; 0 takes all.", unit="sequences", ge=0
    )
    patience: int = described(
        0,
        "End early, with the best weights, after so many evaluations in a row without a gain; 0 never does.",
        unit="evaluations",
        ge=0,
    )
    min_delta: float = described(
        0.0, "Fall of the lowest validation loss that is a gain for `patience`.", unit="nats per token", ge=0
    )


class HealthConfig(Section):
    """When a run is given up."""

    stop_on_divergence: bool = described(True, "End the run as diverged; else only record the finding.")
    divergence_factor: float = described(
        2.0,
        "A training loss above this many times ln(vocabulary), the loss of guessing, counts as diverging.",
        gt=1,
        le=100,
    )
    divergence_patience: int = described(5, "Updates in a row above it that make a divergence.", unit="updates", ge=1)
    stop_on_flat: bool = described(False, "End a run whose loss hardly moves; else only record the finding.")
    flat_after: float = described(
        0.2,
        "Share of the updates, after the warm-up, from which on the loss must have fallen.",
        unit="fraction",
        gt=0,
        le=1,
    )
    flat_gain: float = described(
        0.05, "By how much it must have fallen, as a fraction of the loss at the start.", unit="fraction", gt=0, lt=1
    )


class RunConfig(Section):
    """Everything that decides the outcome of one run."""

    seed: int = described(1, "Seed of weights, data order, dropout and router noise.", ge=0, lt=2**32)
    model: ModelConfig = Field(default_factory=ModelConfig)
    data: DataConfig = Field(default_factory=DataConfig)
    optimizer: OptimizerConfig = Field(default_factory=OptimizerConfig)
    schedule: ScheduleConfig = Field(default_factory=ScheduleConfig)
    training: TrainingConfig = Field(default_factory=TrainingConfig)
    evaluation: EvaluationConfig = Field(default_factory=EvaluationConfig)
    health: HealthConfig = Field(default_factory=HealthConfig)

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        kind, _, value = self.data.tokenizer.partition(":")
        if kind == "bpe" and int(value) > self.model.vocab_size:
            raise ValueError(
                f"data.tokenizer = {self.data.tokenizer!r} does not fit model.vocab_size = {self.model.vocab_size}"
            )
        if not (self.model.cross_document_attention or self.data.end_of_text):
            raise ValueError(
                "model.cross_document_attention = false needs data.end_of_text = true, which marks where documents end"
            )
        if fault := schedules.fault(self.schedule, self.training.updates) or width.fault(self.model, self.optimizer):
            raise ValueError(fault)
        return self

    def lr_at(self, update: int) -> float:
        """Muon's learning rate at `update`, counted from 1; AdamW's is this times `optimizer.adamw_ratio`.

        A plateau schedule multiplies it by what its evaluations have left (engine.spec.plateau).
        """
        return schedules.lr_at(self.schedule, self.optimizer.lr, update, self.training.updates)

    @property
    def tokens_per_update(self) -> int:
        """Tokens that one optimizer update learns from."""
        return self.training.batch_size * self.training.accumulation * self.data.sequence_length

    @property
    def tokens(self) -> int:
        """Tokens that the whole run learns from, repetitions counted."""
        return self.tokens_per_update * self.training.updates


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """What there is to know about one key of `RunConfig`, for forms, help and documentation."""

    key: str
    type: str
    default: Any
    unit: str
    bounds: str
    description: str
    choices: tuple[str, ...]


def describe() -> Iterator[FieldInfo]:
    """Every leaf key of `RunConfig`, in the order of definition."""
    for name, outer in RunConfig.model_fields.items():
        section = outer.annotation
        if isinstance(section, type) and issubclass(section, Section):
            for leaf, info in section.model_fields.items():
                yield _field_info(f"{name}.{leaf}", info)
        else:
            yield _field_info(name, outer)


def resolve(tree: Tree) -> RunConfig:
    """Validate a nested tree of settings. Raises `ConfigError` with every fault; unknown keys name the nearest valid one."""
    try:
        return RunConfig.model_validate(tree)
    except ValidationError as error:
        raise ConfigError([_problem(dict(e)) for e in error.errors(include_url=False)]) from None


def _problem(error: dict[str, Any]) -> Problem:
    key = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return Problem(key, unknown_key(key))
    if error["type"] == "value_error":
        return Problem(key, str(error["ctx"]["error"]))
    message = error["msg"].removeprefix("Input ")
    return Problem(key, f"{message}, got {_SHORT.repr(error['input'])}")


def unknown_key(key: str) -> str:
    """The sentence for a key that does not exist: it names the nearest one, if any is near."""
    keys = [info.key for info in describe()] + list(RunConfig.model_fields)
    near = difflib.get_close_matches(key, keys, n=1, cutoff=0.6)
    # A right name in the wrong section (`lr`, `training.lr`) is nearer in meaning than a similar spelling.
    leaf = key.rpartition(".")[2]
    near = [k for k in keys if k.rpartition(".")[2] == leaf][:1] or near
    return f"no such key; did you mean {near[0]}?" if near else "no such key; `moetui explain` lists them"


def _field_info(key: str, info: Any) -> FieldInfo:
    choices = (
        tuple(str(c) for c in typing.get_args(info.annotation)) if typing.get_origin(info.annotation) is Literal else ()
    )
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    bounds = [f"{sign} {getattr(m, name):g}" for m in info.metadata for name, sign in signs.items() if hasattr(m, name)]
    return FieldInfo(
        key=key,
        type=_type_name(info.annotation),
        default=info.default,
        unit=(info.json_schema_extra or {}).get("unit", ""),
        bounds=", ".join(bounds),
        description=info.description,
        choices=choices,
    )


def _type_name(annotation: Any) -> str:
    origin = typing.get_origin(annotation)
    if origin is Literal:
        return "choice"
    if origin is types.UnionType:
        return " or ".join("none" if a is type(None) else _type_name(a) for a in typing.get_args(annotation))
    if origin is tuple:
        return f"list of {_items(typing.get_args(annotation)[0])}"
    return {int: "integer", float: "number", bool: "yes or no", str: "text"}[annotation]


def _items(annotation: Any) -> str:
    choices = typing.get_args(annotation) if typing.get_origin(annotation) is Literal else ()
    return " | ".join(choices) or {str: "texts", float: "numbers"}.get(annotation, "pairs")
