"""How a session came to its end."""

from dataclasses import dataclass

from engine.runfiles.rundir import EndStatus


@dataclass(frozen=True, slots=True)
class End:
    """The status, why, a traceback if the fault is not the user's, and whether early stopping ended a finished run.

    `lost_contact`: it failed because another rank does not answer.
    """

    status: EndStatus
    reason: str = ""
    traceback: str = ""
    early: bool = False
    lost_contact: bool = False
