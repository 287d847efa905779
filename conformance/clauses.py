"""The clauses: one testable sentence each, with the formula, its source, and what typically fails it.

The table is what ``conformance list`` and ``conformance explain`` print; a test of the suite carries a clause's id in
its ``@clause`` decorator and nothing else about it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

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
        "BN.running.sequence",
        _BN,
        "After any sequence of training, inference, reset and reloading the running statistics are what momentum makes "
        "of the batches.",
        "r = (1 - m)^k r_0 + sum over i of m (1 - m)^(k - i) s_i, k training steps since the last reset",
        f"{IOFFE_SZEGEDY}, algorithm 2",
        "state that survives outside the statistics; inference that moves them; a step that is skipped",
    ),
    Clause(
        "BN.no-affine",
        _BN,
        "Without gamma the scale is 1, without beta the shift is 0, in training and in inference.",
        "y = (x - mu) / sqrt(sigma^2 + eps), times gamma where there is one, plus beta where there is one",
        f"{IOFFE_SZEGEDY}, section 3",
        "a missing parameter that is taken for another number; a gradient that forgets the one that is left",
    ),
    Clause(
        "BN.shift",
        _BN,
        "Adding a constant to the input changes neither the output of training, nor the gradients, nor the variance.",
        "y(x + c) = y(x), dx(x + c) = dx(x), dgamma and dbeta likewise, running_var(x + c) = running_var(x)",
        f"{IOFFE_SZEGEDY}, section 3: the mean is subtracted",
        "variance as E[x^2] - E[x]^2; a mean that is left out somewhere",
    ),
    Clause(
        "BN.scale",
        _BN,
        "Multiplying the input by a > 0, and eps by a^2, leaves the output of training as it is and divides dx by a.",
        "y(a x; a^2 eps) = y(x; eps), dx(a x; a^2 eps) = dx(x; eps) / a, dgamma and dbeta as before",
        f"{IOFFE_SZEGEDY}, section 3.3",
        "an eps of the layer's own; a variance that is clipped",
    ),
    Clause(
        "BN.permute",
        _BN,
        "Permuting the batch permutes y and dx of training and changes nothing else.",
        "y(x[p]) = y(x)[p], dx(x[p]) = dx(x)[p]; dgamma, dbeta and the running statistics as before",
        f"{IOFFE_SZEGEDY}, algorithm 1: mean and variance are symmetric",
        "weights by position; a gradient that meets another sample",
    ),
    Clause(
        "BN.channels-independent",
        _BN,
        "Changing one channel changes that channel alone; NaN and infinity stay in theirs, and a NaN is not lost.",
        "y, dx, dgamma, dbeta and statistics of channel j are the same whatever x of channel i != j holds",
        f"{IOFFE_SZEGEDY}, section 3: each dimension is normalized independently",
        "statistics by a product with a mask; a check for NaN over the whole tensor; NaN replaced by a number",
    ),
    Clause(
        "BN.grad.orthogonal",
        _BN,
        "In training, dx of a channel sums to 0 and is orthogonal to x_hat as far as eps lets it.",
        "sum(dx) = 0, sum(dx x_hat) = eps gamma / s^3 sum(dy x_hat), s = sqrt(sigma^2 + eps)",
        f"{IOFFE_SZEGEDY}, section 3, from the formula of dx",
        "a missing mean or variance term; a projection that forgets eps",
    ),
    Clause(
        "BN.train.ignores-running",
        _BN,
        "Output and gradients of training do not read the running statistics.",
        "y, dx, dgamma, dbeta are the same with running statistics of NaN, infinity, 0, 1e30",
        f"{IOFFE_SZEGEDY}, algorithm 1",
        "a blend with the running statistics; a shift by the running mean",
    ),
    Clause(
        "BN.constant",
        _BN,
        "A channel of one value, of zero variance, gives beta and finite gradients.",
        "y = beta (to the bound: a rounded mean leaves u |mean| / sqrt(eps)), dx = gamma (dy - mean(dy)) / sqrt(eps)",
        f"{IOFFE_SZEGEDY}, algorithm 1",
        "0/0 without eps; a variance that rounding makes negative",
    ),
    Clause(
        "BN.single",
        _BN,
        "One value a channel in training: a clear error, or beta with undamaged running statistics.",
        "n = 1: error, or y = beta, dx = 0, running_mean updated, running_var finite",
        f"{IOFFE_SZEGEDY}, algorithm 1; the divisor n - 1 of the unbiased variance is 0",
        "NaN or infinity in the running variance; the input handed through",
    ),
    Clause(
        "BN.empty",
        _BN,
        "No values: a clear error, or an empty result, zero parameter gradients and untouched state.",
        "n = 0: error, or y and dx empty, dgamma = dbeta = 0, state after = state before",
        f"{IOFFE_SZEGEDY}, algorithm 1: a mean of no values does not exist",
        "0/0 stored in the running statistics, which are then lost for good",
    ),
    Clause(
        "BN.large",
        _BN,
        "Many values and a mean that is large beside the deviation, in ranks 2 to 5: output, gradients and the stored "
        "statistics.",
        "BN.train.output, BN.train.grad and BN.running.update at n to 32,768",
        f"{IOFFE_SZEGEDY}, algorithm 1; Chan, Golub & LeVeque, The American Statistician 37 (1983)",
        "variance as E[x^2] - E[x]^2; a running sum that stops growing; a count that overflows",
    ),
    Clause(
        "BN.bad-input",
        _BN,
        "What cannot be meant is refused with an error: a parameter or statistic of a wrong size, eps negative or NaN, "
        "momentum outside 0 to 1 or NaN, an x without a batch axis.",
        "error, in training and in inference",
        "the framework's documentation of the arguments",
        "a size of one that is broadcast; a NaN that passes every comparison; numbers that are not looked at",
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
        "NE.bias",
        _NE,
        "There is exactly one bias a neuron: what is added to it comes out of that neuron alone, its gradient is the "
        "sum of that neuron's cotangents, and a layer without bias answers as one of zeros.",
        "y(b + t e_j) = y(b) + t e_j, db_j = sum(dy_j), y(no b) = y(b = 0); exact on small whole numbers",
        ROSENBLATT,
        "a bias shared by neurons or belonging to an input; a bias added for each input; a gradient kept by a layer "
        "without bias",
    ),
    Clause(
        "NE.zero-features",
        _NE,
        "Neurons without inputs answer the activation of their bias, or refuse with a clear error.",
        "x of shape [n, 0]: y = phi(b), dx of shape [n, 0], dW of shape [neurons, 0], db = sum(dy phi'(b))",
        f"{ROSENBLATT}: an empty sum is 0",
        "memory that nothing was written to; a bias left out; a division by the number of inputs",
    ),
    Clause(
        "NE.bad-input",
        _NE,
        "A weight of a wrong inner size, a bias of a wrong size and an x of rank 0 are refused with an error that says "
        "why.",
        "shape(W) = [neurons, inputs], shape(b) = [neurons], rank(x) >= 1; anything else is an error",
        ROSENBLATT,
        "a bias of one element spread over all neurons; sizes that happen to broadcast",
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
    Clause(
        "ACT.kink",
        frozenset({"relu", "leaky_relu", "prelu", "relu6", "elu", "selu", "hard_sigmoid", "hard_swish", "hard_tanh"}),
        "Exactly at a kink the gradient is a one-sided derivative or between the two, the same in tensors of 1, 2, 17 "
        "and 33 elements.",
        "min(phi'(k-), phi'(k+)) <= dx/dy <= max(phi'(k-), phi'(k+)): the subdifferential",
        "Clarke, Optimization and Nonsmooth Analysis (1983), section 2.1; Bolte & Pauwels, arXiv:1909.10300",
        "a sum of two functions with a kink, each with a slope of its own choice; another comparison in the vector's "
        "tail",
    ),
    Clause(
        "ACT.special",
        ACTIVATIONS,
        "NaN in, NaN out; at +-inf the limit, or what the formula gives in IEEE arithmetic; f(-0) = f(+0); value and "
        "gradient of the same kind in tensors of 1, 2, 17 and 33 elements, at every position.",
        "f(NaN) = NaN; f(+-inf) = lim f(x), x -> +-inf, or NaN where the formula is inf * 0, inf/inf or inf - inf",
        "IEEE 754-2019, sections 6.1 and 6.2; reference/activations.py for the formulas",
        "a comparison that is false for NaN; scalar code and vector code that treat it differently; a mask of -inf "
        "that spoils its row",
    ),
    Clause(
        "ACT.range",
        ACTIVATIONS,
        "At the ends of the range, the last decade before the largest number and the first from the smallest, value "
        "and gradient are finite where they are representable, and within the bound.",
        "y = phi(x), dx = phi'(x) dy for max/10 <= |x| <= max and min <= |x| <= 10 min",
        "reference/activations.py names the source of each",
        "a product or a square that overflows before it is divided; infinity times 0; a tiny number read as 0",
    ),
)

#: The clauses that are asked in 16 bits too. The others wait until what they find there has been looked at.
_SIXTEEN = frozenset(
    "BN.train.output BN.train.grad BN.eval.output BN.eval.grad BN.eval.independent BN.eval.pure BN.running.update "
    "BN.low-precision LN.output LN.grad LN.samples-independent LN.mode-free LN.low-precision DO.support DO.rate "
    "DO.grad DO.eval DO.zero DO.one NE.output NE.grad NE.shape ACT.value ACT.grad".split()
)

CLAUSES: dict[str, Clause] = {
    clause.id: clause if clause.id in _SIXTEEN else replace(clause, dtypes=("float32", "float64")) for clause in _TABLE
}
