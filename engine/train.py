"""Training one run from its first update to its end."""

import time

import torch

from engine import checkpoint
from engine.best import BestKeeper
from engine.checkpoint import Checkpoint
from engine.clock import TrainingClock
from engine.config import RunConfig
from engine.data.batches import Sequences
from engine.data.corpus import open_corpus
from engine.device import open_device
from engine.divergence import DivergenceWatch
from engine.evaluate import Evaluation, evaluate
from engine.meter import Meter
from engine.metrics import MetricsWriter, Record
from engine.model.transformer import Transformer
from engine.optim.optimizer import Optimizer
from engine.plateau import after_evaluation
from engine.progress import CheckpointFile, Progress
from engine.reporter import Reporter
from engine.rundir import EndStatus, Finding, RunDir, Scores
from engine.stopping import StopSwitch
from engine.update import Updater


class Trainer:
    """One session of one run; `progress` is up to date whenever it is looked at, after an exception too."""

    def __init__(self, run: RunDir, config: RunConfig, progress: Progress, report: Reporter, stop: StopSwitch) -> None:
        self.run = run
        self.config = config
        self.progress = progress
        self.report = report
        self.stop = stop
        self.device = open_device(config.training)
        report.set(device=str(self.device.torch), device_name=self.device.name)

        self.corpus = open_corpus(config.data, config.model.vocab_size, report.say)
        report.set(data_fingerprint=self.corpus.fingerprint, message="building the model")
        length = config.data.sequence_length
        self.training = Sequences(self.corpus.train, length, self.device.torch)
        self.validation = Sequences(self.corpus.validation, length, self.device.torch)

        torch.manual_seed(config.seed)
        self.model = Transformer(config.model, self.device.compute, self.corpus.about.end_of_text)
        self.model.initialize()
        self.model.to(self.device.torch)
        self.optimizer = Optimizer(self.model, config.optimizer)
        self.updater = Updater(config, self.model, self.optimizer, self.training)
        self.watch = DivergenceWatch(config.health, config.model.vocab_size)
        self.best = BestKeeper(lambda best: self._save("best", best))
        self.evaluation_seconds = 0.0

    def train(self) -> EndStatus:
        """Carry out the updates; the result says how that ended."""
        self._describe()
        self.stop.defer()
        with MetricsWriter(self.run.metrics_file) as metrics:
            self.metrics = metrics
            status = self._loop()
            metrics.sync()
        if status != "diverged":
            self.report.set(phase="stopping", message="writing the last checkpoint", now=True)
            self._save("last", self._checkpoint())
        self.best.flush()
        return status

    def _loop(self) -> EndStatus:
        config, progress = self.config, self.progress
        updates = config.training.updates
        if progress.update in (
            0,
            updates,
        ):  # the curves begin before the first update; a stopped run may owe its last evaluation
            self._write_record(self._evaluate())
        self.report.set(phase="running", message="", now=True)
        self.clock = TrainingClock(progress.seconds)
        self.meter = Meter(self.clock, config.tokens_per_update)
        self.session_start = (progress.update, progress.seconds)
        saved_at = time.monotonic()

        for update in range(progress.update + 1, updates + 1):
            lr = config.lr_at(update) * progress.plateau.scale
            self.meter.add(update, self.updater.run(update, lr))
            progress.update, progress.tokens = update, progress.tokens + config.tokens_per_update

            last = update == updates
            stopping = self.stop.requested()
            evaluating = not stopping and (last or update % config.evaluation.every == 0)
            if evaluating or last or stopping or update % config.training.log_every == 0:
                reading = self.meter.read()
                progress.seconds, progress.peak_memory = self.clock.seconds, self.device.peak_memory()
                record = reading.record | config.optimizer.rates(lr)
                diverged = self._look_for_divergence(reading.losses)
                with self.clock.paused():
                    if evaluating and not diverged:
                        record |= self._evaluate()
                    self._write_record(record)
                self._report(record)
                if diverged:
                    return "diverged"
            self.report.beat()
            if stopping:
                return "stopped"
            if time.monotonic() - saved_at >= config.training.checkpoint_seconds and not last:
                with self.clock.paused():
                    self.metrics.sync()
                    self._save("last", self._checkpoint())
                saved_at = time.monotonic()
        evaluated = progress.latest is not None and progress.latest.update == updates
        return "finished" if evaluated else "stopped"

    def _describe(self) -> None:
        about, model = self.corpus.about, self.config.model
        print(f"device: {self.device.torch} ({self.device.name}), products in {self.device.compute}")
        print(f"model: {model.parameters:,} parameters, {model.active_parameters:,} active per token")
        print(f"data {about.fingerprint}: vocabulary {about.vocabulary}")
        for name, documents, sequences in (
            ("training", about.train_documents, self.training),
            ("validation", about.validation_documents, self.validation),
        ):
            print(
                f"{name}: {documents:,} documents, {len(sequences):,} sequences of {sequences.length} tokens; "
                f"the last {sequences.left_over} tokens fill no sequence and are left out",
                flush=True,
            )

    def _evaluate(self) -> Record:
        """Scores of the validation split for a record; nothing if the run is asked to stop meanwhile."""
        self.report.set(phase="evaluating", now=True)
        self.device.synchronize()
        start = time.perf_counter()
        found = evaluate(self.model, self.validation, self.config, self._keep_going)
        if found is None:
            return {}
        self.evaluation_seconds = time.perf_counter() - start
        self._keep_scores(found)
        return {
            "val_loss": found.loss,
            "val_accuracy": found.accuracy,
            "val_perplexity": found.perplexity,
            "expert_load": found.expert_load,
            "expert_load_max": found.expert_load_max,
            "expert_load_min": found.expert_load_min,
            "router_entropy": found.router_entropy,
            "eval_seconds": self.evaluation_seconds,
        }

    def _keep_scores(self, found: Evaluation) -> None:
        progress = self.progress
        if progress.update == 0:
            return  # untrained weights are nobody's best
        scores = Scores(
            update=progress.update,
            val_loss=found.loss,
            val_accuracy=found.accuracy,
            val_perplexity=found.perplexity,
            seconds=progress.seconds,
        )
        progress.latest = scores
        progress.plateau = after_evaluation(self.config.schedule, progress.plateau, scores.val_loss)
        if progress.best is None or scores.val_loss < progress.best.val_loss:
            progress.best = scores
            self.best.keep(Checkpoint(self._about(), self.model.state_dict(), {}))

    def _keep_going(self) -> bool:
        self.report.beat()
        return not self.stop.requested()

    def _write_record(self, scores: Record) -> None:
        if scores:
            progress = self.progress
            place = {"update": progress.update, "tokens": progress.tokens, "seconds": progress.seconds}
            self.metrics.write({**place, "session": progress.session, **scores})

    def _look_for_divergence(self, losses: list[tuple[int, float]]) -> bool:
        """Whether the run is to be given up."""
        for update, loss in losses:
            finding = self.watch.look(update, loss)
            if finding is not None:
                self.progress.add_finding(finding)
                return self.config.health.stop_on_divergence
        return False

    def _report(self, record: Record) -> None:
        updates, every = self.config.training.updates, self.config.evaluation.every
        update, seconds = self.progress.update, self.progress.seconds
        first, before = self.session_start
        left = (updates - update) * (seconds - before) / max(update - first, 1)
        evaluations = -(-updates // every) - update // every
        self.report.set(
            phase="running",
            update=update,
            tokens_per_second=record["tokens_per_second"],
            eta_seconds=left + evaluations * self.evaluation_seconds,
        )

    def _about(self) -> CheckpointFile:
        self.progress.divergence_streak = self.watch.streak
        return CheckpointFile(
            progress=self.progress.model_copy(),
            config=self.config.model_dump(mode="json"),
            data_fingerprint=self.corpus.fingerprint,
        )

    def _checkpoint(self) -> Checkpoint:
        training = self.optimizer.state() | checkpoint.rng_state(self.device.torch)
        return Checkpoint(self._about(), self.model.state_dict(), training)

    def _save(self, kind: checkpoint.Kind, what: Checkpoint) -> None:
        """Save a checkpoint; a disk that refuses it costs the run its checkpoint, not its life."""
        try:
            checkpoint.save(self.run, kind, what)
        except OSError as error:
            evidence = f"the checkpoint {kind} could not be written: {error.strerror or error}"
            advice = "make room on the disk; the run goes on, and tries again at its next checkpoint"
            finding = Finding(
                kind=f"no-{kind}-checkpoint",
                update=self.progress.update,
                severity="warning",
                evidence=evidence,
                advice=advice,
            )
            self.progress.add_finding(finding)
            print(evidence, flush=True)
