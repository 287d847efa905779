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
    Clause(
        "NET.variance-shift",
        _STACK,
        "Behind a dropout a batch normalization learns a running variance that exceeds the one that it meets in "
        "inference by the factor of Li et al.; before a dropout it learns the variance that it meets.",
        "x of mean m and variance v, kept with probability q: ((v + m^2)/q - m^2)/v; exact for the mask that was "
        "drawn, whose counts are Binomial(n, q) for each of the two values of x",
        LI,
        "dropout without its scale; running statistics of something else than what the layer was given",
        statistical=True,
    ),
    Clause(
        "NET.expectation",
        _STACK,
        "With dropout before it a neuron's weighted sum has the same expectation in training and in inference.",
        "E[W (m x / q) + b] = W x + b, since E[m] = q; for each sign of the weights the kept inputs are Binomial(n, q)",
        SRIVASTAVA,
        "the scale missing, or in inference; a scale of 1/p for 1/(1 - p); a rate taken for the probability of keeping",
        statistical=True,
    ),
    Clause(
        "MODE.agree",
        _EVERY,
        "A mode of a framework agrees with its eager mode on the same case within the sum of the two bounds; NaN and "
        "infinities are in the same places, shapes and dtypes the same.",
        "abs(y_mode - y_eager) <= bound + bound. Where they are apart one of them leaves its own bound: what is "
        "recorded of that operation is excused, the rest fails",
        "each framework's documentation of its compiler: same results, faster",
        "a fused kernel with another formula; a special value that a rewriting loses; a result of another dtype",
        against="eager",
    ),
    Clause(
        "DIFF.agree",
        _EVERY,
        "Two frameworks agree on the same case within the sum of their bounds; NaN and infinities are in the same "
        "places, shapes and dtypes the same.",
        "abs(y_A - y_B) <= bound + bound. Two answers that both keep their bounds cannot be further apart, so that "
        "beyond it one leaves its own, and what is recorded of that operation is excused. What the bound does not "
        "decide is the clause's own: special values, shapes, dtypes, an answer against an error",
        "the triangle inequality; IEEE 754-2019, section 6, for special values",
        "a special value that one framework selects away and the other multiplies; another shape or dtype",
        dtypes=("float32", "float64"),
        against="backends",
    ),
)
