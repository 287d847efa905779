"""The clauses: one testable sentence each, with the formula, its source, and what typically fails it.

The table is what ``conformance list`` and ``conformance explain`` print; a test of the suite carries a clause's id in
its ``@clause`` decorator and nothing else about it.
"""

from __future__ import annotations

from dataclasses import dataclass

from adapters.base import ACTIVATIONS

IOFFE_SZEGEDY = "Ioffe & Szegedy, Batch Normalization, ICML 2015, arXiv:1502.03167"
BA = "Ba, Kiros & Hinton, Layer Normalization, 2016, arXiv:1607.06450"
SRIVASTAVA = "Srivastava et al., Dropout, JMLR 15 (2014) 1929-1958"
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
        "LN.shift",
        _LN,
        "Adding a constant to a sample changes neither its output nor any gradient.",
        "y(x + c) = y(x), dx, dgain, dbias likewise",
        f"{BA}, section 5.1, table 1",
        "a mean that is not subtracted, or not subtracted from all",
    ),
    Clause(
        "LN.scale",
        _LN,
        "Scaling a sample, and epsilon with its square, leaves the output, and divides dx by the scale.",
        "y(a x; a^2 eps) = y(x; eps), dx = dx / a, dgain and dbias as they were; a > 0",
        f"{BA}, section 5.1, table 1",
        "epsilon outside the root; an epsilon of its own; a floor under the variance",
    ),
    Clause(
        "LN.grad.orthogonal",
        _LN,
        "dx of a sample sums to 0, and is orthogonal to x_hat as far as epsilon lets it.",
        "sum(dx) = 0, sum(dx x_hat) = eps / (sigma^2 + eps)^(3/2) sum(g dy x_hat)",
        f"{BA}, supplementary material",
        "a gradient that does not go through the mean, or not through the variance",
    ),
    Clause(
        "LN.no-affine",
        _LN,
        "Gain and bias can be left out, both or either: the rest is as it was.",
        "without gain g = 1, without bias b = 0",
        f"{BA}, equation 4; the framework's documentation",
        "a bias that goes with the gain; a gradient that is scaled by what is not there",
    ),
    Clause(
        "LN.multi-axis",
        _LN,
        "Over several axes, each element of the normalized shape has its own gain and bias, equal sizes or not.",
        "y[s, i, j] = g[i, j] x_hat[s, i, j] + b[i, j]; dgain[i, j] = sum over s",
        f"{BA}, equation 4; the framework's documentation of the normalized shape",
        "a gain that is transposed, flattened in another order, or broadcast along an axis",
    ),
    Clause(
        "LN.large",
        _LN,
        "Many features, and a mean that is large against the deviation, stay within the bound too.",
        "y = g (x - mu) / sqrt(sigma^2 + eps) + b for n up to 65536 and mu up to 1e5 sigma",
        f"{BA}, equation 4; Higham, Accuracy and Stability (2002), section 1.9",
        "a variance in one pass; sums in 16 bits; a running sum that stops growing",
    ),
    Clause(
        "LN.constant",
        _LN,
        "A sample without spread gives the bias, to the bound, and finite gradients, however large its value.",
        "sigma^2 = 0: y = b, dx = (h - mean(h)) / sqrt(eps)",
        f"{BA}, equation 4, with the epsilon of batch normalization",
        "a variance that rounding makes negative; an epsilon that is left out; 0/0",
    ),
    Clause(
        "LN.single",
        _LN,
        "A sample of one feature gives the bias, to the bound, and no gradient to its input or gain.",
        "n = 1: mu = x, sigma = 0: y = b, dx = 0, dgain = 0, dbias = sum(dy)",
        f"{BA}, equation 4",
        "divisor n-1; a feature that passes through as it is",
    ),
    Clause(
        "LN.empty",
        _LN,
        "No samples, or samples without features, give an empty result or an error; dgain and dbias are zero.",
        "shape(y) = shape(dx) = shape(x); dgain = dbias = 0, the sum over no samples",
        f"{BA}, equation 4",
        "a mean over no samples (NaN in the gradient of the gain); another shape",
    ),
    Clause(
        "LN.special",
        _LN,
        "NaN and infinity make their own sample NaN and stay in it; dbias does not know of them.",
        "x[i] with NaN or infinity: y[i] = dx[i] = NaN; y[j], dx[j], j != i, and dbias as ever; dgain = NaN",
        f"{BA}, equation 4, in IEEE 754 arithmetic: inf - inf is NaN",
        "NaN replaced by a number; statistics that skip NaN; a sum that reaches across samples",
    ),
    Clause(
        "LN.layout",
        _LN,
        "How x and dy lie in memory does not matter: transposed, strided, cut out of an array, reversed, broadcast.",
        "y, dx, dgain, dbias are functions of the values",
        f"{BA}, equation 4",
        "a kernel that takes its operand for contiguous; an axis of stride 0 that is counted once",
    ),
    Clause(
        "LN.bad-input",
        _LN,
        "Gain or bias of a wrong size, an epsilon that is negative or NaN, and a normalized rank of 0 or beyond that "
        "of x are refused with an error.",
        "size(gain) != n, size(bias) != n, eps < 0, eps != eps, rank < 1, rank > rank(x): an error",
        f"{BA}, equation 4: what it has no meaning for",
        "a gain of one element that broadcasts; no check of epsilon",
    ),
    Clause(
        "BN-vs-LN",
        _BN | _LN,
        "One and the same change of one sample changes what batch normalization makes of the others, and leaves what "
        "layer normalization makes of them.",
        "x[j] changes: BN y[i] changes, i != j; LN y[i] = the answer to x[i] alone",
        f"{BA}, section 3",
        "statistics over the wrong axes: batch normalization by sample, layer normalization over the batch",
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
        "DO.seed",
        _DO,
        "The same seed gives the same mask, another seed or the next call another one; the mask does not depend on the "
        "values.",
        "mask = f(seed, call, shape, p)",
        f"{SRIVASTAVA}, section 4; the framework's documentation of its seeds",
        "a seed that is ignored or cut short; a stream that does not go on; a mask taken from the input",
    ),
    Clause(
        "DO.special",
        _DO,
        "A NaN or an infinity that is dropped gives 0 or NaN as the dialect says, the same for every element; one that "
        "is kept stays.",
        "x = NaN, +inf, -inf: y = x where kept; 0 (selected) or NaN (multiplied by 0) where dropped; so for dx of dy",
        f"{SRIVASTAVA}, section 4; IEEE 754-2019, section 7.2 (0 times infinity)",
        "a vectorized body that selects beside a tail that multiplies; a NaN that is lost",
    ),
    Clause(
        "DO.shape",
        _DO,
        "Output and gradient have the shape and the dtype of the input, and the input itself is left alone.",
        "shape(y) = shape(dx) = shape(x), dtype likewise; x after = x before, to the bit",
        f"{SRIVASTAVA}, section 4",
        "an output in another dtype; a layer that drops in place; an empty input that is refused",
    ),
    Clause(
        "DO.bad-input",
        _DO,
        "A rate below 0, above 1 or NaN is refused with an error, in training and in inference.",
        "p < 0, p > 1 or p != p: an error",
        f"{SRIVASTAVA}, section 4: p is a probability",
        "no check at all; a check written so that NaN passes it",
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
