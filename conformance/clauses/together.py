"""Layers together, modes of one framework, pairs of frameworks."""

from __future__ import annotations

from adapters.base import ACTIVATIONS, NORMALIZATION
from conformance.clauses.batch_norm import IOFFE_SZEGEDY
from conformance.clauses.model import Clause

LI = "Li, Chen, Hu & Yang, Understanding the Disharmony between Dropout and Batch Normalization by Variance Shift, CVPR 2019, arXiv:1801.05134"  # noqa: E501
CHAIN_RULE = "Rumelhart, Hinton & Williams, Nature 323 (1986), 533-536: the chain rule, layer by layer"
SRIVASTAVA = "Srivastava et al., Dropout, JMLR 15 (2014), section 10"
_STACK = frozenset({"stack"})
_EVERY = NORMALIZATION | {"dense", "dropout"} | ACTIVATIONS

TABLE = (
    Clause(
        "NET.bn-before-activation",
        _STACK,
        "Neurons, batch normalization and an activation in a row answer their composition, with every gradient; the "
        "bias before the normalization has a gradient of 0, to the bound.",
        "y = phi(BN(W x + b)); dx, dW, dgamma, dbeta by the chain rule; db = sum(dz) = 0",
        f"{IOFFE_SZEGEDY}, section 3.2",
        "layers fused in the wrong order; statistics of what comes before the neurons; a gradient that stops at the "
        "statistics",
    ),
    Clause(
        "NET.stack",
        _STACK,
        "Any stack of two to six layers answers the composition of its layers, each output and each gradient within "
        "the bound that propagates through the stack.",
        "y = f_k(... f_2(f_1(x))); dy_(i-1) = J_i^T dy_i, dtheta_i = (df_i/dtheta_i)^T dy_i, with each dropout's mask",
        CHAIN_RULE,
        "a cotangent that skips a layer; a gradient taken at the output instead of the input; another mask on the way "
        "back",
    ),
)
