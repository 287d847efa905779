"""Frameworks' own layers, as they are, where they are known to be sound: where no record speaks of them."""

from __future__ import annotations

from ..frameworks import Jax, TensorFlow, Torch
from ..registry import sound

TORCH = {"api": "nn", "mode": "eager", "dtype": "float32"}
KERAS = {"api": "keras", "mode": "eager", "dtype": "float32"}
FLAX = {"api": "flax.nnx", "mode": "eager", "dtype": "float32"}


@sound(
    says="PyTorch's layers",
    clauses=(
        "BN.train.output", "BN.train.grad", "BN.running.update", "BN.eval.pure", "BN.eval.output", "BN.layout",
        "BN.permute", "LN.output", "LN.special", "LN.multi-axis", "DO.support", "DO.grad", "DO.seed", "NE.output",
    ),
    only=TORCH,
)  # fmt: skip
class TorchLayers(Torch):
    pass


@sound(says="PyTorch's softplus", clauses=("ACT.value", "ACT.grad"), only={**TORCH, "activation": "softplus"})
class TorchSoftplus(Torch):
    pass


@sound(says="PyTorch's log_softmax", clauses=("ACT.value", "ACT.special"), only={**TORCH, "activation": "log_softmax"})
class TorchLogSoftmax(Torch):
    pass


@sound(
    says="PyTorch's batch norm in float64",
    clauses=("BN.train.output", "BN.train.grad"),
    only={**TORCH, "dtype": "float64"},
)
class TorchDouble(Torch):
    pass


@sound(
    says="Keras's layers on TensorFlow",
    clauses=(
        "BN.running.update", "BN.train.output", "BN.train.ignores-running", "LN.output", "LN.grad", "LN.mode-free",
        "LN.layout", "DO.eval", "DO.grad", "DO.seed", "NE.output", "NE.shape",
    ),
    only=KERAS,
)  # fmt: skip
class KerasLayers(TensorFlow):
    pass


@sound(says="Keras's gelu on TensorFlow", clauses=("ACT.value", "ACT.grad"), only={**KERAS, "activation": "gelu"})
class KerasGelu(TensorFlow):
    pass


@sound(
    says="Keras's softsign on TensorFlow",
    clauses=("ACT.value", "ACT.special"),
    only={**KERAS, "activation": "softsign"},
)
class KerasSoftsign(TensorFlow):
    pass


@sound(
    says="Flax's layers",
    clauses=(
        "BN.eval.output", "BN.eval.grad", "BN.eval.pure", "DO.support", "DO.eval", "DO.shape", "DO.seed", "NE.output",
        "NE.bias",
    ),
    only=FLAX,
)  # fmt: skip
class FlaxLayers(Jax):
    pass


@sound(says="Flax's gelu", clauses=("ACT.value", "ACT.grad"), only={**FLAX, "activation": "gelu"})
class FlaxGelu(Jax):
    pass


@sound(says="Flax's relu", clauses=("ACT.special", "ACT.kink"), only={**FLAX, "activation": "relu"})
class FlaxRelu(Jax):
    pass


@sound(
    says="JAX's hard_tanh", clauses=("ACT.value", "ACT.grad"), only={**FLAX, "api": "jax.nn", "activation": "hard_tanh"}
)
class JaxHardTanh(Jax):
    pass
