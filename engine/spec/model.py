"""The section of the configuration that says what the model is, and what follows from it: parameters and operations."""

from typing import Literal, Self

from pydantic import model_validator

from engine.spec.section import Section, described


class ModelConfig(Section):
    """The decoder-only Mixture-of-Experts transformer. The defaults are the 79M reference model."""

    vocab_size: int = described(
        49152, "Entries of the embedding; at least the tokenizer's.", unit="tokens", ge=2, le=2**20
    )
    d_model: int = described(384, "Width of the residual stream.", ge=8, le=16384)
    n_layers: int = described(6, "Transformer blocks, each with attention and a Mixture of Experts.", ge=1, le=256)

    n_heads: int = described(8, "Attention heads; d_model / n_heads must be even.", ge=1, le=256)
    n_kv_heads: int | None = described(
        None,
        "Heads of keys and values, each shared by n_heads / n_kv_heads queries (Ainslie et al., 2023); default: n_heads.",
        ge=1,
        le=256,
    )
    qk_norm: Literal["none", "head", "full"] = described(
        "none",
        "RMSNorm of queries and keys (Henry et al., 2020): head: over each head, as in Qwen3 (Yang et al., 2025); "
        "full: over all heads at once, as in OLMoE (Muennighoff et al., 2024).",
    )
    cross_document_attention: bool = described(
        True,
        "Let tokens attend to earlier documents of their sequence; false needs data.end_of_text (Zhao et al., 2024).",
    )

    experts: Literal["mlp", "swiglu"] = described(
        "mlp",
        "mlp: linear, SiLU, linear; swiglu: with a gate matrix besides, half as many parameters again (Shazeer, 2020).",
    )
    d_ff: int = described(1536, "Hidden width of one expert.", ge=8, le=65536)
    n_experts: int = described(8, "Experts per layer to choose from.", ge=2, le=256)
    top_k: int = described(2, "Experts that each token is sent to.", ge=1, le=256)
    shared_experts: int = described(
        0, "Further experts that take every token, at full weight (DeepSeekMoE; Dai et al., 2024).", ge=0, le=64
    )

    router: Literal["softmax", "sigmoid", "dense"] = described(
        "softmax",
        "softmax: of the logits, for the top_k (Shazeer et al., 2017); sigmoid: of each logit, balanced by a bias on the choice "
        "(Wang et al., 2024; DeepSeek-V3, 2024); dense: every expert, weighted by softmax, whatever top_k (Jacobs et al., 1991).",
    )
    renormalize: bool = described(
        True,
        "Scale the chosen weights to sum to one: for softmax the same as a softmax over the chosen logits (Shazeer et al., 2017; "
        "Mixtral, Jiang et al., 2024). false: as they come from the softmax over all (OLMoE, Muennighoff et al., 2024).",
    )
    balance_rate: float = described(
        0.001,
        "For router = sigmoid: step of each expert's bias per update, up if it got less than its share of the tokens "
        "(Wang et al., 2024); 0 never balances.",
        unit="per update",
        ge=0,
        le=1,
    )
    router_noise: float = described(
        0.1,
        "Standard deviation of the noise on the router's logits in training (Shazeer et al., 2017).",
        ge=0,
        le=10,
    )
    balance_weight: float = described(0.01, "Weight of the load-balancing loss (Fedus et al., 2021).", ge=0, le=100)
    z_weight: float = described(
        0.0, "Weight of the router z-loss, which keeps the logits small (ST-MoE; Zoph et al., 2022).", ge=0, le=100
    )

    dropout: float = described(
        0.1, "Dropout on the embedding, in attention, in the experts and before the head.", ge=0, lt=1
    )
    residual_dropout: float = described(
        0.0,
        "Dropout on what attention and the experts add to the residual stream (Vaswani et al., 2017).",
        ge=0,
        lt=1,
    )
    tied_head: bool = described(
        True, "Share the head's matrix with the embedding (Press and Wolf, 2017); false: a matrix of its own."
    )
    rope_base: float = described(10000.0, "Base of the rotary position embedding (Su et al., 2021).", gt=1)
    norm_eps: float = described(1e-6, "Added to the mean square in RMSNorm.", gt=0, le=1e-2)
    init_std: float = described(0.02, "Standard deviation of the initial weights.", gt=0, le=1)

    parametrization: Literal["standard", "spectral"] = described(
        "standard",
        "standard: one initialization and one rate at every width; spectral: both, the decay and the logits scaled with d_model / "
        "base_width, so that the best learning rate stays (Yang et al., 2022 and 2023; docs/transfer.md).",
    )
    base_width: int | None = described(
        None, "For parametrization = spectral: d_model at which it is the same as standard.", ge=8, le=16384
    )
    router_exponent: float = described(
        1.0,
        "For parametrization = spectral: initialization and rate of the router fall as width^-this. 1: the spectral rule (Jiang et "
        "al., 2026); 0.5: its logits move alike over the first updates (measured, docs/transfer.md); 0: unscaled.",
        ge=0,
        le=2,
    )
    embedding_exponent: float = described(
        0.5,
        "For parametrization = spectral: the embedding's rate falls as width^-this. 0.5: its scaled rows move alike (muP; Yang et "
        "al., 2022); 1: u-muP (Blake et al., 2024); 0: they move more in wider models (arXiv 2605.21486).",
        ge=0,
        le=2,
    )

    @model_validator(mode="after")
    def _has_base(self) -> Self:
        if self.parametrization == "spectral" and self.base_width is None:
            raise ValueError('parametrization = "spectral" needs model.base_width, the width that it was tuned at')
        return self

    @model_validator(mode="after")
    def _shapes_fit(self) -> Self:
        if self.d_model % self.n_heads or self.head_width % 2:
            raise ValueError(f"d_model ({self.d_model}) must be an even multiple of n_heads ({self.n_heads})")
        if self.n_heads % self.kv_heads:
            raise ValueError(f"n_heads ({self.n_heads}) must be a multiple of n_kv_heads ({self.n_kv_heads})")
        if self.top_k > self.n_experts:
            raise ValueError(f"top_k ({self.top_k}) cannot exceed n_experts ({self.n_experts})")
        return self

    @property
    def head_width(self) -> int:
        """Columns of one attention head."""
        return self.d_model // self.n_heads

    @property
    def kv_heads(self) -> int:
        """Heads of keys and values."""
        return self.n_kv_heads or self.n_heads

    @property
    def experts_per_token(self) -> int:
        """Experts that the router sends each token to; the shared ones come on top."""
        return self.n_experts if self.router == "dense" else self.top_k

    @property
    def parameters(self) -> int:
        """All parameters; an embedding shared with the head counts once."""
        return self._gains + self._tables + self._matrices(self.n_experts)

    @property
    def active_parameters(self) -> int:
        """Parameters that take part in computing one token: everything but the experts it is not sent to."""
        return self._gains + self._tables + self._matrices(self.experts_per_token)

    def flops_per_token(self, sequence_length: int) -> float:
        """Multiply-adds of one token's forward and backward pass, counted as two operations each.

        Six per active parameter that multiplies, the head's among them, plus causal attention's scores and mix over the whole
        sequence; norm gains and the looking up of the embedding are left out.
        """
        multiplying = self.vocab_size * self.d_model + self._matrices(self.experts_per_token)
        attention = 6 * self.n_layers * self.d_model * sequence_length
        return 6.0 * multiplying + attention

    def _matrices(self, experts: int) -> int:
        """Parameters of the blocks' matrices with so many routed experts per layer."""
        attention = 2 * self.d_model * self.head_width * (self.n_heads + self.kv_heads)
        router = self.d_model * self.n_experts
        expert = (3 if self.experts == "swiglu" else 2) * self.d_model * self.d_ff
        return self.n_layers * (attention + router + (experts + self.shared_experts) * expert)

    @property
    def _tables(self) -> int:
        return (1 if self.tied_head else 2) * self.vocab_size * self.d_model

    @property
    def _gains(self) -> int:
        heads = {"none": 0, "head": 2, "full": self.n_heads + self.kv_heads}[self.qk_norm]
        return self.n_layers * (2 * self.d_model + heads * self.head_width) + self.d_model
