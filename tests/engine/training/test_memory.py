"""Which errors mean that memory is used up, in whatever words the libraries have for it."""

import errno
from pathlib import Path

import pytest
import torch

from engine.training.memory import is_out_of_memory
from engine.training.saver import _copies
from tests.engine.tiny import make_run, tiny_config, train, with_python, write_corpus

# As torch, CUDA, cuBLAS, cuDNN and the C++ library word it.
MESSAGES = [
    "CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported at some other API call",
    "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 15.89 GiB",
    "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
    "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
    "CUDA driver error: out of memory",
    "CUDA runtime error: cudaErrorMemoryAllocation",
    "HIP out of memory. Tried to allocate 20.00 MiB",
    "[enforce fail at alloc_cpu.cpp:127] . DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes",
    "[enforce fail at alloc_cpu.cpp:117] data. DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes.",
    "std::bad_alloc",
    "unable to mmap 8 bytes from file </model.safetensors>: Cannot allocate memory (12)",
]
OTHERS = ["CUDA error: an illegal memory access was encountered", "mat1 and mat2 shapes cannot be multiplied", "memory"]


@pytest.mark.parametrize("message", MESSAGES)
@pytest.mark.parametrize("kind", [RuntimeError, torch.AcceleratorError])
def test_torchs_words_for_it_are_known(message: str, kind: type[RuntimeError]) -> None:
    assert is_out_of_memory(kind(message))


@pytest.mark.parametrize(
    "error", [MemoryError(), torch.OutOfMemoryError("x"), OSError(errno.ENOMEM, "Cannot allocate memory")]
)
def test_errors_of_its_own_kind_are_known(error: BaseException) -> None:
    assert is_out_of_memory(error)


@pytest.mark.parametrize("message", OTHERS)
def test_other_errors_are_not_taken_for_it(message: str) -> None:
    assert not is_out_of_memory(RuntimeError(message))
    assert not is_out_of_memory(ValueError(MESSAGES[0]))


@pytest.mark.slow
@pytest.mark.parametrize("message", [MESSAGES[0], *(pytest.param(MESSAGES[i], marks=pytest.mark.long) for i in (2, 5))])
def test_a_run_that_meets_it_ends_as_out_of_memory_with_the_advice(message: str, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", tiny_config(write_corpus(tmp_path / "corpus.jsonl")))
    code = f"import torch\ndef fail(*_, **__): raise torch.AcceleratorError({message!r})\ntorch.Tensor.backward = fail"
    exit_code, output = train(run, **with_python(code, tmp_path / "site"))
    result = run.result()
    assert exit_code == 1
    assert result is not None
    assert (result.status, result.traceback) == ("out-of-memory", "")
    assert "set training.micro_batch = auto, or lower training.batch_size" in result.reason
    assert "Traceback" not in output


def test_a_copy_that_finds_no_room_on_the_device_is_made_on_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: torch.Tensor) -> torch.Tensor:
        raise torch.AcceleratorError(MESSAGES[0])

    monkeypatch.setattr(torch.Tensor, "clone", full)
    assert _copies({"weight": torch.arange(3.0)})["weight"].tolist() == [0.0, 1.0, 2.0]
