"""What a run says of itself in its log before it trains."""

from engine.data.batches import Sequences
from engine.data.corpus import Corpus
from engine.spec.config import RunConfig
from engine.training.device import Device


def describe(
    config: RunConfig, device: Device, corpus: Corpus, training: Sequences, validation: Sequences, devices: int = 1
) -> None:
    """Print device, and how many of its kind there are, model and data."""
    about, model = corpus.about, config.model
    print(f"device: {device.torch} ({device.name}), products in {device.compute}")
    if devices > 1:
        print(
            f"devices: {devices}, each with its share of the {config.training.accumulation} micro-batches of an update"
        )
    if device.note:
        print(f"note: {device.note}")
    print(f"model: {model.parameters:,} parameters, {model.active_parameters:,} active per token")
    print(f"data {about.fingerprint}: vocabulary {about.vocabulary}")
    if about.use is not None:
        print(f"tokens: {about.use}")
    for name, documents, sequences in (
        ("training", about.train_documents, training),
        ("validation", about.validation_documents, validation),
    ):
        print(
            f"{name}: {documents:,} documents, {len(sequences):,} sequences of {sequences.length} tokens; "
            f"the last {sequences.left_over} tokens fill no sequence and are left out",
            flush=True,
        )
