"""Activations."""

from __future__ import annotations

from adapters.base import ACTIVATIONS
from conformance.clauses.model import Clause

TABLE = (
    Clause(
        "ACT.value",
        ACTIVATIONS,
        "Each activation computes its stated formula, with a sound relative error in the far tails too.",
        "y = phi(x); the formula of each: conformance explain ACT.value",
        "reference/activations.py names the source of each",
        "cancellation (1 + erf, exp(x) - 1, log(softmax)); overflow of an intermediate; a wrong constant",
        ulps=True,
    ),
    Clause(
        "ACT.grad",
        ACTIVATIONS,
        "The gradient of each activation is its derivative (at a kink, between the one-sided ones) times dy.",
        "dx = phi'(x) dy; softmax, log_softmax, glu: the vector-Jacobian product",
        "reference/activations.py names the source of each",
        "a gradient that overflows, cancels or turns NaN where the value is right",
        ulps=True,
    ),
    Clause(
        "ACT.value.every",
        ACTIVATIONS,
        "The value is within the bound on every input of 16 bits; in wider dtypes on every pattern of the first 16 "
        "bits and beside each point where value or slope begins to vanish, to saturate or to equal its input.",
        "y = phi(x) for all 65536 x; rows: each x beside two others; glu: each x as value and as gate",
        "reference/activations.py names the source of each",
        "a table, a polynomial or a threshold that is wrong for a few inputs; a tail that is cut off too early",
        ulps=True,
    ),
    Clause(
        "ACT.grad.every",
        ACTIVATIONS,
        "The gradient is within the bound on the inputs of ACT.value.every.",
        "dx = phi'(x) dy for all 65536 x",
        "reference/activations.py names the source of each",
        "a gradient that is formed from the rounded output; a tail that is cut off too early; a kink in another place",
        ulps=True,
    ),
    Clause(
        "ACT.second",
        ACTIVATIONS,
        "The gradient of <dx, ddx> with respect to x and to dy is that of the specification; where the second "
        "derivative jumps, it lies between the one-sided ones.",
        "dxx = phi''(x) dy ddx, dxy = phi'(x) ddx; rows: sum over the row of the derivatives of dx, times ddx",
        "Griewank & Walther, Evaluating Derivatives (2nd ed., SIAM 2008), section 5.4; reference/curvature.py",
        "a term of the product rule that is missing; a derivative that is taken as constant, or cut off from the graph",
    ),
    Clause(
        "ACT.forward",
        ACTIVATIONS,
        "Forward mode gives the specification's tangent; with it the adjoint identity <dy, J t> = <J^T dy, t> holds.",
        "ty = phi'(x) t; rows: the product of the Jacobian and t; prelu: + t_alpha x for x <= 0",
        "Griewank & Walther, Evaluating Derivatives (2nd ed., SIAM 2008), section 3.1",
        "a forward rule that is not that of the backward pass; a parameter's direction that is forgotten",
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
        "that spoils its row; a maximum that passes a NaN by where another element is masked",
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
    Clause(
        "ACT.dtype",
        ACTIVATIONS,
        "Input of another dtype than the layer's (whole numbers, truth values, float64) is refused with an error that "
        "says something, or counts as the same numbers.",
        "y(x) = y(float32(x)), to float32, or an error",
        "the framework's documentation of the dtypes that it takes",
        "exp(x) of truth values; a slope or a scale cast to the dtype of x, in which it is 0",
        dtypes=("float32",),
    ),
)
