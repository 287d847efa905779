"""Batch normalization, and what sets it apart from layer normalization."""

from __future__ import annotations

from adapters.base import SIXTEEN_BITS
from conformance.clauses.model import Clause

IOFFE_SZEGEDY = "Ioffe & Szegedy, Batch Normalization, ICML 2015, arXiv:1502.03167"
BA = "Ba, Kiros & Hinton, Layer Normalization, 2016, arXiv:1607.06450"
MICIKEVICIUS = "Micikevicius et al., Mixed Precision Training, ICLR 2018, arXiv:1710.03740"
_BN = frozenset({"batch_norm"})
_LN = frozenset({"layer_norm"})

TABLE = (
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
        "BN.forward",
        _BN,
        "Forward mode gives the specification's tangent, in training through the statistics; with it the adjoint "
        "identity <dy, J t> = <J^T dy, t> holds.",
        "training: ty = gamma (c - xhat mean(c xhat)) / sqrt(sigma^2 + eps) + t_gamma xhat + t_beta, c = t - mean(t)",
        "Griewank & Walther, Evaluating Derivatives (2nd ed., SIAM 2008), section 3.1",
        "a tangent that forgets the mean or the variance; a parameter's direction that is forgotten",
    ),
    Clause(
        "BN.second",
        _BN,
        "The gradient of the gradient: the derivatives of <dx, ddx>, with respect to x and to dy, are those of the "
        "specification.",
        "training: dxx = -(xhat (mean(a b) - A B) + B (a - xhat A) + A (b - xhat B)) / (sigma^2 + eps), "
        "a = g - mean(g), b = ddx - mean(ddx), A = mean(a xhat), B = mean(b xhat); inference: dxx = 0; "
        "dxy = ty in the direction ddx",
        "Griewank & Walther, Evaluating Derivatives (2nd ed., SIAM 2008), section 5.1",
        "a double backward that takes the inverse deviation, or the mean inside the variance, for a constant; gamma "
        "left out",
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
        "BN.many",
        _BN,
        "Millions of values a channel, all one, normal, or with a mean of a thousand deviations and channels last in "
        "memory: output, every gradient and the stored statistics.",
        "BN.train.output, BN.train.grad and BN.running.update at n to 17,825,792; sums within 8 sqrt(n) u, those of "
        "n = 2^20 with such a mean within (4096 + 256) u: in parts, in any order",
        f"{IOFFE_SZEGEDY}, algorithm 1; Higham & Mary, SIAM J. Sci. Comput. 41 (2019): the bound of long sums",
        "one running sum in float32: at 2^24 ones it stands still, and before that rounds equal terms to one side; a "
        "count in 16 or 24 bits",
        dtypes=("float32", "bfloat16"),
    ),
    Clause(
        "BN.layout",
        _BN,
        "How x and dy lie in memory does not matter: transposed, strided, reversed, padded, channels last under a "
        "shape with the channels second, and broadcast.",
        "y, dx, dgamma, dbeta and statistics are those of the same values in order",
        f"{IOFFE_SZEGEDY}, algorithm 1",
        "memory read as if it were contiguous; a kernel for another layout with a sum of its own; an axis of stride 0 "
        "that is summed once",
    ),
    Clause(
        "BN.eps-zero",
        _BN,
        "An eps of 0 is what the formula says where no variance is zero, or it is refused with an error.",
        "eps = 0: y = gamma (x - mu) / sigma + beta, and its gradients; or an error",
        f"{IOFFE_SZEGEDY}, algorithm 1; the framework's documentation of eps",
        "an eps of the layer's own in its place; a default taken for a zero",
    ),
    Clause(
        "BN.bad-input",
        _BN,
        "What cannot be meant is refused with an error: a parameter or statistic of a wrong size, eps negative or NaN, "
        "momentum outside 0 to 1 or NaN, an x without a batch axis, a channel axis that x does not have.",
        "error, in training and in inference",
        "the framework's documentation of the arguments",
        "a size of one that is broadcast; a NaN that passes every comparison; numbers that are not looked at",
    ),
    Clause(
        "BN.dtype",
        _BN,
        "Input of another dtype than the layer's (whole numbers, truth values, float64) is refused with an error that "
        "says something, or counts as the same numbers.",
        "y(x) = y(float32(x)), to float32, or an error",
        "the framework's documentation of the dtypes that it takes",
        "statistics of whole numbers, in whole numbers; an output cut to the dtype of x",
        dtypes=("float32",),
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
        "BN-vs-LN",
        _BN | _LN,
        "One and the same change of one sample changes what batch normalization makes of the others, and leaves what "
        "layer normalization makes of them.",
        "x[j] changes: BN y[i] changes, i != j; LN y[i] = the answer to x[i] alone",
        f"{BA}, section 3",
        "statistics over the wrong axes: batch normalization by sample, layer normalization over the batch",
    ),
)
