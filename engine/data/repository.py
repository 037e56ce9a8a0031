"""Repositories of the Hugging Face hub: which commit a name stands for now, and what to say if the hub does not tell."""

import os
from typing import Literal

from engine.errors import InputError

PATIENCE = 10.0  # seconds that the hub may take to answer

_OFFLINE = "without a network, run with --offline, which trains on pydocs"
_LOG_IN = "check the name; a private or gated repository needs a token in HF_TOKEN, or `hf auth login`"


class Unreachable(InputError):  # noqa: N818  # reads as what it is where it is raised
    """The hub does not answer at all."""


def commit_of(kind: Literal["dataset", "model"], name: str, revision: str = "") -> str:
    """The commit that a branch or tag (default: main) names, asked of the hub once.

    The libraries repeat a failed request for half a minute and for each file anew; asking first lets a machine without a
    network know within seconds. Raises `Unreachable`, or `InputError` where the hub refuses.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    hub = HfApi()
    ask = hub.dataset_info if kind == "dataset" else hub.model_info
    try:
        return str(ask(name, revision=revision or None, timeout=PATIENCE).sha)
    except HfHubHTTPError as error:
        raise InputError(f"the hub refuses the {kind} {name}: {one_line(error)}; {_LOG_IN}") from None
    except Exception as error:  # the client raises its own, its HTTP library's and the operating system's errors
        raise Unreachable(f"cannot reach {hub.endpoint} for the {kind} {name}: {one_line(error)}; {_OFFLINE}") from None


def is_directory(name: str) -> bool:
    """Whether a name is that of a directory in the hub's layout, not of a repository."""
    return os.path.isdir(os.path.expanduser(name))  # noqa: PTH111, PTH112  # a name, such as "~x/y", need not be a path


def one_line(error: BaseException) -> str:
    """An error's own words, cut to a readable length."""
    return " ".join(str(error).split())[:300] or type(error).__name__
