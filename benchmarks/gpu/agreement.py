"""Whether a GPU computes what a processor computes, and whether an update lets the host run ahead."""

import traceback
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from benchmarks.gpu.sheet import SMALL, Sheet, apart, dense, random_tokens, settings
from engine.data.batches import Sequences
from engine.data.token_file import TokenFile
from engine.model.grouped import capability, kernel_for
from engine.model.loss import predict
from engine.model.transformer import Transformer
from engine.optim.optimizer import Optimizer
from engine.spec.config import RunConfig
from engine.training.update import Updater

KINDS: dict[str, dict[str, Any]] = {
    "top 2 of 8": {},
    "swiglu, sigmoid, shared, untied": {
        "experts": "swiglu", "router": "sigmoid", "shared_experts": 1, "qk_norm": "head", "n_kv_heads": 2, "tied_head": False,
    },
    "dense router": {"router": "dense"},
    "documents apart": {"cross_document_attention": False, "qk_norm": "full", "renormalize": False, "z_weight": 0.01},
    "top 1 of 64, most of them idle": {"n_experts": 64, "top_k": 1},
    "odd widths": {"d_ff": 101},
}  # fmt: skip
LIMITS = {torch.float32: (2e-5, 2e-4), torch.bfloat16: (3e-2, 0.15)}
"""How far loss and worst gradient may be from the processor's in float32. In bfloat16 a token may change its expert."""


def parity(sheet: Sheet) -> None:
    """Loss and every gradient of each kind of model, in both precisions, against the processor in float32."""
    for name, options in KINDS.items():
        config = settings(SMALL | options)
        tokens_BL = random_tokens(512, 4, 64, torch.device("cpu"))
        reference = _made(config, torch.float32)
        loss, gradients = _learned(reference, tokens_BL)
        for dtype, (loss_limit, gradient_limit) in LIMITS.items():
            twin = Transformer(config.model, dtype, 0)
            twin.load_state_dict(reference.state_dict())
            twin.to(sheet.device.torch)
            other_loss, others = _learned(twin, tokens_BL.to(sheet.device.torch))
            known = [key for key in gradients if gradients[key].norm() > 1e-6]
            worst = max(known, key=lambda key: apart(others[key], gradients[key]))
            error, off = apart(others[worst], gradients[worst]), other_loss - loss
            found = f"loss {off:+.1e} of {loss:.4f}; worst gradient {error:.1e} ({worst})"
            sheet.judge(f"{name}, {_word(dtype)}", found, right=abs(off) < loss_limit and error < gradient_limit)


def idle_experts(sheet: Sheet) -> None:
    """Experts without a token must have a gradient of zero, also where the memory they are written to held NaN."""
    device = sheet.device.torch
    options = {"n_experts": 64, "top_k": 1} | ({} if sheet.tiny else {"d_model": 384, "d_ff": 1536})
    config = settings(SMALL | options)
    for dtype in LIMITS:
        shape = (64, config.model.d_model, config.model.d_ff)
        dirt = [torch.full(shape, float("nan"), device=device, dtype=dtype) for _ in range(6)]
        del dirt
        model = _made(config, dtype).to(device)
        tokens_BL = random_tokens(512, 1, 16, device)
        output = model(tokens_BL)
        prediction = predict(output.hidden_BLD, model.head, tokens_BL)
        (prediction.loss_sum / prediction.count + output.router_loss).backward()
        idle_YE = torch.stack([routing.load_E for routing in output.routings]).cpu() == 0
        wrong = sum(
            bool(dense(parameter.grad)[idle_E].ne(0).any())
            for name, parameter in model.named_parameters()
            if ".moe.experts." in name
            for idle_E in [idle_YE[int(name.split(".")[1])]]
        )
        found = f"{int(idle_YE.sum())} idle experts, {wrong} matrices of them with a gradient"
        sheet.judge(f"on memory full of NaN, {_word(dtype)}", found, right=not wrong and bool(idle_YE.any()))


def host_waits(sheet: Sheet) -> None:
    """Three updates during which whatever waits for the device is an error."""
    if not sheet.cuda:
        sheet.add("host waits", "a processor has none", "skipped")
        return
    chance = {"dropout": 0.1, "residual_dropout": 0.1, "router_noise": 0.1}
    for name, options in {**KINDS, "chance": chance}.items():
        for dtype in LIMITS:
            if kernel_for(capability(sheet.device.torch), dtype) == "padded":
                sheet.add(f"{name}, {_word(dtype)}", "no grouped kernel here: one wait for each layer", "skipped")
                continue
            waits = _waits(sheet, settings(SMALL | options, training={"batch_size": 4, "accumulation": 3}), dtype)
            sheet.judge(f"{name}, {_word(dtype)}", waits or "none in three updates", right=not waits)


def _waits(sheet: Sheet, config: RunConfig, dtype: torch.dtype) -> str:
    model = _made(config, dtype).to(sheet.device.torch)
    sequences = _sequences(sheet.folder, sheet.device.torch)
    updater = Updater(config, model, Optimizer(model, config.optimizer, dtype), sequences)
    for update in (1, 2):  # what is set up once may wait
        updater.run(update, 0.01)
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        for update in (3, 4, 5):
            updater.run(update, 0.01)
    except RuntimeError as error:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/engine/" in frame.filename]
        return f"{str(error)[:60]} at {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}"
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return ""


def _sequences(folder: Path, device: torch.device) -> Sequences:
    rows: npt.NDArray[np.int64] = np.random.default_rng(5).integers(0, 512, (512, 64))
    file = folder / "tokens.bin"
    rows.astype("<u2").tofile(file)
    return Sequences(TokenFile(file, "<u2"), 64, device)


def _made(config: RunConfig, dtype: torch.dtype) -> Transformer:
    """A model whose weights are large enough to spread its tokens over the experts."""
    torch.manual_seed(1)
    model = Transformer(config.model, dtype, 0)
    model.initialize()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.mul_(4)
    return model.train()


def _learned(model: Transformer, tokens_BL: Tensor) -> tuple[float, dict[str, Tensor]]:
    model.train()
    output = model(tokens_BL)
    prediction = predict(output.hidden_BLD, model.head, tokens_BL)
    loss: Tensor = prediction.loss_sum / prediction.count + output.router_loss
    loss.backward()
    gradients = {name: dense(parameter.grad) for name, parameter in model.named_parameters()}
    for parameter in model.parameters():
        parameter.grad = None
    return float(loss.detach()), gradients


def _word(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
