"""The clauses: one testable sentence each, with the formula, its source, and what typically fails it.

The table is what ``conformance list`` and ``conformance explain`` print; a test of the suite carries a clause's id in
its ``@clause`` decorator and nothing else about it.
"""

from __future__ import annotations

from dataclasses import dataclass

from adapters.base import ACTIVATIONS, SIXTEEN_BITS

IOFFE_SZEGEDY = "Ioffe & Szegedy, Batch Normalization, ICML 2015, arXiv:1502.03167"
BA = "Ba, Kiros & Hinton, Layer Normalization, 2016, arXiv:1607.06450"
SRIVASTAVA = "Srivastava et al., Dropout, JMLR 15 (2014) 1929-1958"
MICIKEVICIUS = "Micikevicius et al., Mixed Precision Training, ICLR 2018, arXiv:1710.03740"
ROSENBLATT = "Goodfellow, Bengio & Courville, Deep Learning (2016), section 6.3"


@dataclass(frozen=True)
class Clause:
    """One testable sentence. ``operations``: an api that offers any of them is asked."""

    id: str
    operations: frozenset[str]
    statement: str
    formula: str
    source: str
    fails: str
    #: Whether the clause spends of the run's false-alarm probability.
    statistical: bool = False
    #: The dtypes that it is about; empty for all.
    dtypes: tuple[str, ...] = ()


_BN, _LN, _DO, _NE = (frozenset({op}) for op in ("batch_norm", "layer_norm", "dropout", "dense"))

_TABLE = (
    Clause(
        "BN.train.output",
        _BN,
        "In training, each channel is normalized by the mean and biased variance of its own values over batch and "
        "space.",
        "y = gamma (x - mu) / sqrt(sigma^2 + eps) + beta, divisor n, eps inside the root",
        f"{IOFFE_SZEGEDY}, algorithm 1",
        "eps outside the root; divisor n-1; statistics over the wrong axes; variance as E[x^2] - E[x]^2 on data with a "
        "large mean",
    ),
    Clause(
        "BN.train.grad",
        _BN,
        "In training, dx flows through the batch statistics; dgamma and dbeta are the sums over the channel.",
        "dx = gamma/s (dy - mean(dy) - x_hat mean(dy x_hat)), dgamma = sum(dy x_hat), dbeta = sum(dy), "
        "s = sqrt(sigma^2 + eps)",
        f"{IOFFE_SZEGEDY}, section 3",
        "a missing mean or variance term; sums over the wrong axes; means for sums",
    ),
    Clause(
        "BN.eval.output",
        _BN,
        "In inference, the running statistics take the place of the batch statistics.",
        "y = gamma (x - running_mean) / sqrt(running_var + eps) + beta",
        f"{IOFFE_SZEGEDY}, algorithm 2",
        "inference that uses the batch; the running standard deviation for the variance",
    ),
    Clause(
        "BN.eval.grad",
        _BN,
        "In inference, the running statistics are constants of the gradient.",
        "dx = dy gamma / sqrt(running_var + eps), dgamma = sum(dy x_hat), dbeta = sum(dy)",
        f"{IOFFE_SZEGEDY}, algorithm 2",
        "a gradient through batch statistics that inference does not use",
    ),
    Clause(
        "BN.eval.independent",
        _BN,
        "In inference, what a sample gets does not depend on the rest of the batch.",
        "y[i] is the same whatever x[j], j != i, holds: other numbers, NaN, infinity",
        f"{IOFFE_SZEGEDY}, section 3.1",
        "inference that mixes in batch statistics; a blend that multiplies the unused branch by zero",
    ),
    Clause(
        "BN.eval.pure",
        _BN,
        "Inference changes no state; training changes the running statistics and nothing else.",
        "state after = state before, to the bit (training: but for running_mean and running_var)",
        f"{IOFFE_SZEGEDY}, section 3.1",
        "statistics updated in inference; parameters or the input written to",
    ),
    Clause(
        "BN.running.update",
        _BN,
        "Training moves the running statistics to the batch statistics by the declared momentum and divisor.",
        "r <- (1 - m) r + m s, s the mean or the variance with the divisor that the dialect declares",
        f"{IOFFE_SZEGEDY}, algorithm 2; the framework's documentation for momentum and divisor",
        "momentum the wrong way round; biased for unbiased variance; no update",
    ),
    Clause(
        "BN.low-precision",
        _BN,
        "16-bit input is accumulated in float32 at least: output, gradients and running statistics of long reductions "
        "are those of float32, rounded once.",
        "the formulas of BN.train and BN.running with every sum in float32; some thousand values, of some hundred each",
        f"{MICIKEVICIUS}, section 3.3",
        "a sum or a square in the dtype of the input: it stagnates at 2048 (float16) or 256 (bfloat16) terms, or "
        "overflows 65504",
        dtypes=SIXTEEN_BITS,
    ),
    Clause(
        "LN.output",
        _LN,
        "Each sample is normalized by the mean and biased variance of its own trailing axes.",
        "y = g (x - mu) / sqrt(sigma^2 + eps) + b, divisor n, eps inside the root",
        f"{BA}, equation 4",
        "statistics over the wrong axes; the gain applied to the wrong element; one-pass variance",
    ),
    Clause(
        "LN.grad",
        _LN,
        "dx flows through the statistics of its sample; dgain and dbias are the sums over the samples.",
        "dx = (h - mean(h) - x_hat mean(h x_hat)) / s with h = g dy, dgain = sum(dy x_hat), dbias = sum(dy)",
        f"{BA}, supplementary material",
        "a missing term; sums over the normalized axes instead of the samples",
    ),
    Clause(
        "LN.samples-independent",
        _LN,
        "What a sample gets does not depend on the rest of the batch: a batch of one is the same sample in any batch.",
        "y[i] is the same whatever x[j], j != i, holds: other numbers, NaN, infinity",
        f"{BA}, section 3",
        "statistics that reach across samples",
    ),
    Clause(
        "LN.mode-free",
        _LN,
        "Training and inference compute the same.",
        "y and gradients in training mode = y and gradients in inference mode",
        f"{BA}, section 3",
        "a mode switch inherited from batch normalization",
    ),
    Clause(
        "LN.low-precision",
        _LN,
        "16-bit input is accumulated in float32 at least: output, dx, dgain and dbias of long reductions are those of "
        "float32, rounded once.",
        "the formulas of LN.output and LN.grad with every sum in float32; some thousand features or samples, values of "
        "some hundred",
        f"{MICIKEVICIUS}, section 3.3",
        "a sum or a square in the dtype of the input; dgain and dbias added up in 16 bits over the samples",
        dtypes=SIXTEEN_BITS,
    ),
    Clause(
        "DO.support",
        _DO,
        "In training, each output is 0 or x/(1-p), nothing else.",
        "y = 0 or y = x / (1 - p), to rounding",
        f"{SRIVASTAVA}, section 10 (inverted dropout)",
        "scale 1/p; no scale; scaled twice",
    ),
    Clause(
        "DO.rate",
        _DO,
        "The number of elements kept is Binomial(N, 1-p).",
        "kept ~ Binomial(N, 1 - p), exact two-sided test",
        f"{SRIVASTAVA}, section 4",
        "p and 1-p swapped; a rate rounded to a few bits",
        statistical=True,
    ),
    Clause(
        "DO.grad",
        _DO,
        "The gradient passes through the forward pass's own mask and scale.",
        "dx = dy mask / (1 - p)",
        f"{SRIVASTAVA}, section 5.1",
        "a fresh mask in the backward pass; an unscaled gradient",
    ),
    Clause(
        "DO.eval",
        _DO,
        "Inference is the identity, to the bit, and so is its gradient.",
        "y = x, dx = dy",
        f"{SRIVASTAVA}, section 10 (inverted dropout)",
        "scaling or dropping in inference",
    ),
    Clause(
        "DO.zero",
        _DO,
        "Rate 0 is the identity in training, to the bit, and so is its gradient.",
        "p = 0: y = x, dx = dy",
        f"{SRIVASTAVA}, section 4",
        "a comparison that drops at rate 0",
    ),
    Clause(
        "DO.one",
        _DO,
        "Rate 1 gives zeros and zero gradients, or is refused with an error; never NaN.",
        "p = 1: y = 0, dx = 0",
        f"{SRIVASTAVA}, section 4; the framework's documentation",
        "0/0 in the scale",
    ),
    Clause(
        "NE.output",
        _NE,
        "A neuron answers its activation of the weighted sum of its inputs plus its bias.",
        "y = phi(W x + b)",
        ROSENBLATT,
        "a transposed weight; a bias missing or added twice; accumulation in 16 bits",
    ),
    Clause(
        "NE.grad",
        _NE,
        "dW, db and dx are the gradients of y = phi(W x + b), summed over the leading axes.",
        "g = dy phi'(Wx + b): dW = sum(g x^T), db = sum(g), dx = W^T g",
        ROSENBLATT,
        "an average for a sum; a sample left out; a bias shared by neurons",
    ),
    Clause(
        "NE.shape",
        _NE,
        "Any leading axes are kept; the last axis of the output is the number of neurons; gradients have their "
        "operands' shapes.",
        "shape(y) = shape(x)[:-1] + [neurons]",
        ROSENBLATT,
        "flattened leading axes; one bias for all neurons",
    ),
    Clause(
        "ACT.value",
        ACTIVATIONS,
        "Each activation computes its stated formula, with a sound relative error in the far tails too.",
        "y = phi(x); the formula of each: conformance explain ACT.value",
        "reference/activations.py names the source of each",
        "cancellation (1 + erf, exp(x) - 1, log(softmax)); overflow of an intermediate; a wrong constant",
    ),
    Clause(
        "ACT.grad",
        ACTIVATIONS,
        "The gradient of each activation is its derivative (at a kink, between the one-sided ones) times dy.",
        "dx = phi'(x) dy; softmax, log_softmax, glu: the vector-Jacobian product",
        "reference/activations.py names the source of each",
        "a gradient that overflows, cancels or turns NaN where the value is right",
    ),
)

CLAUSES: dict[str, Clause] = {clause.id: clause for clause in _TABLE}
