"""Training one run from its first update to its end."""

import math
import time
from dataclasses import dataclass, replace

import torch

from engine.data.corpus import open_corpus
from engine.data.sides import sides
from engine.health.watch import DivergenceWatch
from engine.model.transformer import Transformer
from engine.optim.optimizer import Optimizer
from engine.ranks.join import join
from engine.ranks.place import ALONE, RankPlace
from engine.runfiles.metrics import MetricsWriter, Record
from engine.runfiles.progress import Progress
from engine.runfiles.rundir import Finding, RunDir, Scores
from engine.runfiles.saved import CheckpointFile
from engine.spec.config import RunConfig
from engine.training.checkpoint import Checkpoint
from engine.training.clock import TrainingClock
from engine.training.describing import describe
from engine.training.device import open_device
from engine.training.ending import End
from engine.training.evaluate import Evaluation, evaluate
from engine.training.flatness import FlatnessWatch
from engine.training.memory import allowed_at_once, divided
from engine.training.meter import Meter
from engine.training.peak import peak_flops
from engine.training.reporter import Reporter
from engine.training.resume import checkpoint_to_continue, fingerprint_to_continue, start_of
from engine.training.saver import Saver
from engine.training.silent import NoMetrics
from engine.training.stopping import StopSwitch
from engine.training.together import check_same_data, finding_of_first, share_start
from engine.training.update import Updater

FULL_PAUSE = 2.0
"""Seconds between two attempts to write the last checkpoint on a full disk."""


@dataclass(frozen=True, slots=True)
class _Due:
    """What is to be done after an update."""

    stop: bool
    evaluation: bool
    record: bool
    checkpoint: bool
    keep: bool


class Trainer:
    """One session of one run; `progress` is up to date whenever it is looked at, after an exception too.

    It is long because every step of a session works on the same state, which `__init__` states whole; `_loop` is the story.
    """

    def __init__(
        self,
        run: RunDir,
        config: RunConfig,
        progress: Progress,
        report: Reporter,
        stop: StopSwitch,
        place: RankPlace = ALONE,
    ) -> None:
        self.run = run
        self.config = config
        self.progress = progress
        self.report = report
        self.stop = stop
        self.device = open_device(config.training, place.local)
        report.set(
            device=str(self.device.torch),
            device_name=self.device.name,
            dtype=str(self.device.compute).removeprefix("torch."),
        )

        self.corpus = open_corpus(config.data, config.model.vocab_size, report.say, fingerprint_to_continue(run))
        report.set(data_fingerprint=self.corpus.fingerprint, message="building the model")
        self.ranks = join(place, self.device.torch)
        check_same_data(self.ranks, self.corpus.fingerprint)
        self.training, self.validation = sides(self.corpus, config.data, self.device.torch)
        report.set(validation_tokens=len(self.validation) * self.validation.length)

        torch.manual_seed(config.seed)
        self.model = Transformer(config.model, self.device.compute, self.corpus.about.end_of_text)
        self.model.initialize()
        self.model.to(self.device.torch)
        self.optimizer = Optimizer(self.model, config.optimizer, self.device.compute, self.model.rules, self.ranks)
        self.updater = Updater(config, self.model, self.optimizer, self.training, self.ranks)
        self.watch = DivergenceWatch(config.health, math.log(config.model.vocab_size))
        self.flatness = FlatnessWatch(run, config)
        self.kept = config.training.kept_updates
        self._continue()
        self.allowed_at_once = allowed_at_once(run)
        if self.allowed_at_once is not None:
            self.updater.limit(self.allowed_at_once)

        self.clock = TrainingClock(progress.seconds)
        self.meter = Meter(self.clock, config, peak_flops(self.device.name, self.device.compute, place.count))
        self.metrics = MetricsWriter(run.metrics_file) if place.first else NoMetrics()
        self.saver = Saver(run)
        self.began_at = (progress.update, progress.seconds)
        self.saved_at = (progress.update, time.monotonic())
        self.evaluation_seconds = 0.0
        self.diverged: Finding | None = None
        self.full_disk = ""

    def _continue(self) -> None:
        """Take over where the session before has left off, or the weights of the run that this one is forked from."""
        if self.ranks.first:
            self._look_for_start()
        share_start(self.ranks, self.progress, self.model, self.optimizer)
        self.watch.streak = self.progress.divergence_streak
        self.updater.at_once = self.progress.at_once or self.updater.at_once
        self.report.set(update=self.progress.update)

    def _look_for_start(self) -> None:
        checkpoint, findings = checkpoint_to_continue(self.run, self.config, self.corpus.fingerprint)
        if checkpoint is not None:
            self._take_over(checkpoint)
            print(f"session {self.progress.session} goes on after update {self.progress.update}", flush=True)
        elif (start := start_of(self.run, self.corpus.fingerprint)) is not None:
            self._begin_with(start)
        for finding in findings:
            self._note(finding)

    def _take_over(self, checkpoint: Checkpoint) -> None:
        self.progress.continue_as(checkpoint.about.progress)
        self.model.load_state_dict(checkpoint.model)
        self.optimizer.load_state(checkpoint.training)

    def _begin_with(self, start: Checkpoint) -> None:
        """Begin with the weights of another run or, if the rest came along, after its update."""
        if not start.training:
            self.model.load_state_dict(start.model)
            print("the weights are those of another run", flush=True)
            return
        self._take_over(start)
        self.progress.best = None  # its weights stayed with the other run
        print(f"another run goes on here after update {self.progress.update}", flush=True)

    def train(self) -> End:
        """Carry out the updates; the result says how that ended. Can be called once."""
        if self.ranks.first:
            describe(self.config, self.device, self.corpus, self.training, self.validation, self.ranks.count)
        if self.corpus.about.use is not None and (finding := self.corpus.about.use.finding()) is not None:
            self._note(finding)
        self.stop.defer()
        with self.saver, self.metrics:
            end = self._begin() or self._loop()
            self.metrics.sync()
            self.ranks.close()
            if end.status != "diverged" and self.ranks.first:
                self.report.set(phase="stopping", message="writing the last checkpoint", now=True)
                self._save_at_last()
            self.saver.finish()
            self._note_failures()
        if self.full_disk:  # nobody waited for room
            end = replace(end, reason="; ".join(filter(None, [end.reason, self.full_disk])))
        return end

    def _save_at_last(self) -> None:
        """Write the checkpoint that the run ends with; on a full disk wait for room, unless the run is told to stop."""
        while True:
            self.metrics.sync()
            self.saver.save_last(self._checkpoint())
            self.saver.finish()
            self._note_failures()
            self._tell_of_full_disk()
            if not self.full_disk or self.stop.requested():
                return
            self.report.beat()
            time.sleep(FULL_PAUSE)

    def _tell_of_full_disk(self) -> None:
        """Let the state of the run say whether the disk is full."""
        waiting = [
            *(["checkpoints pause"] if self.saver.full else []),
            *(["measurements wait in memory"] if self.metrics.full else []),
        ]
        message = f"disk full: {' and '.join(waiting)}" if waiting else ""
        if message != self.full_disk:
            print(message or "there is room on the disk again", flush=True)
            self.full_disk = message
            self.report.set(message=message, now=True)

    def _begin(self) -> End | None:
        """Write the first record of the session, so that readers know what it puts in the place of the one before."""
        # The curves begin before the first update; a run that was stopped may owe an evaluation.
        self._write_record(self._evaluate() if self.progress.evaluation_due(self.config) else {})
        if self.ranks.largest(self.stop.requested()):  # before or in that evaluation, which is then still owed
            return End("stopped")
        self.report.set(phase="running", message="", now=True)
        return None

    def _loop(self) -> End:
        self.clock.start()
        while not self._done():
            lr = self._update()
            due = self._due()
            if due.record or due.checkpoint or due.keep:
                scores = self._read_scores()
                if due.record and (end := self._record(scores | self.config.optimizer.rates(lr), due)) is not None:
                    return end
            self.report.beat()
            if (due.checkpoint or due.keep) and not self.diverged:
                self._save(keep=due.keep)
            if due.stop:
                return End("stopped")
        return self._ended()

    def _done(self) -> bool:
        return self.progress.update >= self.config.training.updates or self.progress.out_of_patience(self.config)

    def _update(self) -> float:
        """Carry out the next update; returns its learning rate."""
        progress = self.progress
        update = progress.update + 1
        lr = self.config.lr_at(update) * progress.plateau.scale
        self.meter.add(update, self.updater.run(update, lr))
        self._note_division()
        progress.update, progress.tokens = update, progress.tokens + self.config.tokens_per_update
        return lr

    def _due(self) -> "_Due":
        """What is to be done after the update; a stop comes before anything that takes time."""
        training, update = self.config.training, self.progress.update
        stop = self._agree_on_stop()
        evaluation = not stop and self.progress.evaluation_due(self.config)
        # What has a record follows from the configuration, not from when the disk is ready for a checkpoint.
        record = evaluation or stop or update == training.updates or update % training.log_every == 0
        first = self.ranks.first  # which alone writes checkpoints
        checkpoint = first and not stop and self._checkpoint_due()
        return _Due(stop, evaluation, record, checkpoint, keep=first and update in self.kept)

    def _agree_on_stop(self) -> bool:
        """Whether any rank was asked to stop. Ranks tell each other in passing, and so know it one update later."""
        whole = self.config.training.batch_size
        stop, divided = self.ranks.largest_before([self.stop.requested(), whole - self.updater.at_once])
        self.updater.at_once = min(self.updater.at_once, whole - divided)
        return bool(stop)

    def _read_scores(self) -> Record:
        """Wait for the scores of the updates since the last time; those of the newest."""
        progress = self.progress
        reading = self.meter.read()
        progress.seconds, progress.peak_memory = self.clock.seconds, self.device.peak_memory()
        self.diverged = self.diverged or self._look_for_divergence(reading.losses)
        noise = self.updater.noise.read() if self.updater.noise is not None else {}
        return reading.record | noise | {"peak_memory": progress.peak_memory}

    def _record(self, record: Record, due: "_Due") -> End | None:
        """Evaluate if that is due, and write a record; how the run is to end because of what it shows, or None."""
        interrupted = False
        with self.clock.paused():
            if due.evaluation and not self.diverged:
                found = self._evaluate()
                record |= found
                interrupted = not found
            self._write_record(record)
        self._report(record)
        self._note_failures()
        self._tell_of_full_disk()
        if self.diverged:
            return End("diverged", self.diverged.evidence)
        unfinished = self.progress.update < self.config.training.updates
        if due.evaluation and unfinished and (flat := self._look_for_flatness()) is not None:
            return End("stopped", flat.evidence)
        return End("stopped") if interrupted else None

    def _save(self, *, keep: bool) -> None:
        """Write `last`, or a checkpoint that is kept."""
        with self.clock.paused():
            self.metrics.sync()
            if keep:
                self.saver.keep(self._checkpoint())
                return
            self.saver.save_last(self._checkpoint())
        self.saved_at = (self.progress.update, time.monotonic())

    def _ended(self) -> End:
        """All updates are done, or there is no patience left."""
        config, progress = self.config, self.progress
        if progress.out_of_patience(config):
            best = f"{progress.best.val_loss:.4f} at update {progress.best.update}" if progress.best else "none"
            reason = (
                f"stopped early after {progress.patience.waited} evaluations without a gain of more than "
                f"{config.evaluation.min_delta:g}; back to the best, {best}, in checkpoints/best"
            )
            return End("finished", reason, early=True)
        return End("stopped" if progress.evaluation_due(config) else "finished")

    def _checkpoint_due(self) -> bool:
        """Whether to write `last`; while the disk is still busy with the one before, that waits."""
        update, moment = self.saved_at
        seconds, updates = self.config.training.checkpoint_seconds, self.config.training.checkpoint_updates
        due = 0 < seconds <= time.monotonic() - moment or 0 < updates <= self.progress.update - update
        return due and self.progress.update < self.config.training.updates and self.saver.idle

    def _evaluate(self) -> Record:
        """Scores of the validation split for a record; nothing if the run is asked to stop meanwhile."""
        self.report.set(phase="evaluating", now=True)
        self.device.synchronize()
        start = time.perf_counter()
        found = evaluate(self.model, self.validation, self.config, self._keep_going, self.ranks, self.allowed_at_once)
        if found is None:
            return {}
        self.evaluation_seconds = time.perf_counter() - start
        self._keep_scores(found)
        return found.record | {"eval_seconds": self.evaluation_seconds}

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
        if progress.add_scores(scores, self.config) and self.ranks.first:
            self.saver.keep_best(Checkpoint(self._about(), self.model.state_dict(), {}))

    def _keep_going(self) -> bool:
        self.report.beat()
        return not self.stop.requested()

    def _write_record(self, scores: Record) -> None:
        progress = self.progress
        place = {"update": progress.update, "tokens": progress.tokens, "seconds": progress.seconds}
        self.metrics.write({**place, "session": progress.session, **scores})

    def _look_for_divergence(self, losses: list[tuple[int, float]]) -> Finding | None:
        """What the run is to be given up for, if anything."""
        for update, loss in losses:
            finding = self.watch.look(update, loss)
            if finding is not None:
                self.progress.add_finding(finding)
                if self.config.health.stop_on_divergence:
                    return finding
        return None

    def _look_for_flatness(self) -> Finding | None:
        """Why the run is to be given up as one that does not learn, or None."""
        if not self.config.health.stop_on_flat:
            return None
        finding = finding_of_first(self.ranks, self.flatness.look)
        if finding is not None:
            self.progress.add_finding(finding)
        return finding

    def _report(self, record: Record) -> None:
        updates, every = self.config.training.updates, self.config.evaluation.every
        update, seconds = self.progress.update, self.progress.seconds
        first, before = self.began_at
        left = (updates - update) * (seconds - before) / max(update - first, 1)
        evaluations = -(-updates // every) - update // every
        self.report.set(
            phase="running",
            update=update,
            tokens_per_second=record["tokens_per_second"],
            compiled=self.updater.passes.used,
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
        return Checkpoint(self._about(), self.model.state_dict(), self.optimizer.state())

    def _note_failures(self) -> None:
        """A disk that refuses a checkpoint costs the run its checkpoint, not its life."""
        for finding in self.saver.failures():
            self._note(finding)

    def _note_division(self) -> None:
        """Keep how far micro-batches had to be divided; a session that goes on begins with that."""
        whole, parts = self.config.training.batch_size, self.updater.at_once
        if parts not in (whole, self.progress.at_once):
            self.progress.at_once = parts
            self._note(divided(self.progress.update + 1, whole, parts))

    def _note(self, finding: Finding) -> None:
        self.progress.add_finding(finding)
        print(finding.evidence, flush=True)
