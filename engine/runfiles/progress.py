"""How far a run has come: what a checkpoint carries besides tensors, and what its result is made of."""

from pydantic import BaseModel, ConfigDict

from engine.runfiles.rundir import Finding, Scores
from engine.spec.config import RunConfig
from engine.spec.patience import Patience
from engine.spec.plateau import Plateau, after_evaluation


class Progress(BaseModel):
    """Updates done, tokens learned from, training seconds, the best and latest evaluation and what follows from them."""

    model_config = ConfigDict(validate_assignment=True)

    update: int = 0
    tokens: int = 0
    seconds: float = 0.0
    session: int = 1
    best: Scores | None = None
    latest: Scores | None = None
    findings: tuple[Finding, ...] = ()
    divergence_streak: int = 0
    plateau: Plateau = Plateau()
    patience: Patience = Patience()
    peak_memory: int | None = None
    at_once: int | None = None
    """Sequences that are computed at once, where a micro-batch does not fit into memory."""

    def add_finding(self, finding: Finding) -> None:
        """Keep the first finding of its kind; a run that is not stopped would repeat it at every update."""
        if all(known.kind != finding.kind for known in self.findings):
            self.findings = (*self.findings, finding)

    def add_scores(self, scores: Scores, config: RunConfig) -> bool:
        """Take in an evaluation. True if it is the best so far."""
        self.latest = scores
        self.plateau = after_evaluation(config.schedule, self.plateau, scores.val_loss)
        self.patience = self.patience.after(scores.val_loss, absolute=config.evaluation.min_delta)
        better = self.best is None or scores.val_loss < self.best.val_loss
        if better:
            self.best = scores
        return better

    def evaluation_due(self, config: RunConfig) -> bool:
        """Whether the weights as they are should be evaluated and have not been: at the start, regularly, and at the end."""
        if self.update not in (0, config.training.updates) and self.update % config.evaluation.every:
            return False
        return self.latest is None or self.latest.update != self.update

    def out_of_patience(self, config: RunConfig) -> bool:
        """Whether so many evaluations brought no gain that the run is to end early."""
        return 0 < config.evaluation.patience <= self.patience.waited

    def continue_as(self, other: "Progress") -> None:
        """Become what another was; the session stays."""
        for name in type(self).model_fields:
            if name != "session":
                setattr(self, name, getattr(other, name))
