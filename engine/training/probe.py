"""What torch sees of the GPUs of this machine. `python -m engine.training.probe` prints it as JSON."""

import sys
from dataclasses import asdict, dataclass

import orjson
import torch
from torch import distributed

from engine.training.memory import is_out_of_memory


@dataclass(frozen=True, slots=True)
class SeenGpu:
    """A GPU that torch can use: bytes of memory and compute capability."""

    name: str
    memory: int
    capability: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Seen:
    """The version of torch, the GPUs it can use, and why there is none, in the driver's or torch's words.

    `nccl` is the version of what several GPUs talk by, and `nccl_refusal` why it does not work; both are empty without a GPU.
    """

    torch: str
    gpus: tuple[SeenGpu, ...]
    refusal: str
    nccl: str = ""
    nccl_refusal: str = ""


def refusal() -> str:
    """Why torch cannot compute on the first GPU, in the driver's or torch's words; empty if it can."""
    try:
        torch.cuda.init()
        # An old driver fails above; a card that this build of torch has no kernels for fails here.
        torch.zeros(1, device="cuda").add_(1)
    except (AssertionError, RuntimeError) as error:
        if is_out_of_memory(error):  # a full GPU is one that can be used
            return ""
        return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
    return ""


def nccl() -> tuple[str, str]:
    """The version of NCCL, and why a sum over one rank cannot be computed with it; "" if it can."""
    if not distributed.is_available() or not distributed.is_nccl_available():
        return "", "this build of torch has no NCCL"
    version = ".".join(map(str, torch.cuda.nccl.version()))
    try:
        store = distributed.HashStore()  # type: ignore[attr-defined]  # torch exports it without saying so
        distributed.init_process_group("nccl", store=store, rank=0, world_size=1)
        try:
            distributed.all_reduce(torch.ones(1, device="cuda"))
            torch.cuda.synchronize()
        finally:
            distributed.destroy_process_group()
    except RuntimeError as error:
        return version, "" if is_out_of_memory(error) else (str(error).strip().splitlines() or ["it fails"])[0]
    return version, ""


def look() -> Seen:
    """Start torch on the GPUs and say what it sees."""
    words = refusal()
    found = []
    for index in range(0 if words else torch.cuda.device_count()):
        facts = torch.cuda.get_device_properties(index)
        found.append(SeenGpu(facts.name, facts.total_memory, (facts.major, facts.minor)))
    return Seen(torch.__version__, tuple(found), words, *(nccl() if found else ()))


if __name__ == "__main__":
    sys.stdout.write(orjson.dumps(asdict(look())).decode() + "\n")
