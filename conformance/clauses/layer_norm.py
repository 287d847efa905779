"""Layer normalization."""

from __future__ import annotations

from adapters.base import SIXTEEN_BITS
from conformance.clauses.model import Clause

BA = "Ba, Kiros & Hinton, Layer Normalization, 2016, arXiv:1607.06450"
MICIKEVICIUS = "Micikevicius et al., Mixed Precision Training, ICLR 2018, arXiv:1710.03740"
_LN = frozenset({"layer_norm"})

TABLE = (
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
        "LN.forward",
        _LN,
        "Forward mode gives the specification's tangent; with it the adjoint identity <dy, J t> = <J^T dy, t> holds.",
        "ty = g (c - xhat mean(c xhat)) / sqrt(sigma^2 + eps) + t_g xhat + t_b, c = t - mean(t)",
        "Griewank & Walther, Evaluating Derivatives (2nd ed., SIAM 2008), section 3.1",
        "a tangent that forgets the mean or the variance; a parameter's direction that is forgotten",
    ),
    Clause(
        "LN.second",
        _LN,
        "The gradient of the gradient: the derivatives of <dx, ddx>, with respect to x and to dy, are those of the "
        "specification.",
        "dxx = -(xhat (mean(a b) - A B) + B (a - xhat A) + A (b - xhat B)) / (sigma^2 + eps), a = g - mean(g), "
        "b = ddx - mean(ddx), A = mean(a xhat), B = mean(b xhat); dxy = ty in the direction ddx",
        "Griewank & Walther, Evaluating Derivatives (2nd ed., SIAM 2008), section 5.1",
        "a double backward that takes the inverse deviation, or the mean inside the variance, for a constant; the gain "
        "left out",
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
        "Many features, gradients of gain and bias over many samples, and a mean that is large against the deviation, "
        "stay within the bound too.",
        "y = g (x - mu) / sqrt(sigma^2 + eps) + b for n up to 65536, mu up to 1e5 sigma and 2050 samples",
        f"{BA}, equation 4; Higham, Accuracy and Stability (2002), section 1.9",
        "a variance in one pass; sums in 16 bits; a running sum that stops growing",
    ),
    Clause(
        "LN.many",
        _LN,
        "Millions of features, all one, normal, or with a mean of a thousand deviations, and the bias's gradient over "
        "millions of samples.",
        "LN.output and LN.grad at n to 17,825,792; sums within 8 sqrt(n) u, those of n = 2^20 with such a mean within "
        "(4096 + 256) u: in parts, in any order",
        f"{BA}, equation 4; Higham & Mary, SIAM J. Sci. Comput. 41 (2019): the bound of long sums",
        "one running sum in float32: at 2^24 ones it stands still, and before that rounds equal terms to one side; a "
        "count in 16 or 24 bits",
        dtypes=("float32", "bfloat16"),
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
        "LN.dtype",
        _LN,
        "Input of another dtype than the layer's (whole numbers, truth values, float64) is refused with an error that "
        "says something, or counts as the same numbers.",
        "y(x) = y(float32(x)), to float32, or an error",
        "the framework's documentation of the dtypes that it takes",
        "a mean of whole numbers, in whole numbers; an output cut to the dtype of x",
        dtypes=("float32",),
    ),
)
