"""Neurons."""

from __future__ import annotations

from conformance.clauses.model import Clause

ROSENBLATT = "Goodfellow, Bengio & Courville, Deep Learning (2016), section 6.3"
_NE = frozenset({"dense"})

TABLE = (
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
        "NE.forward",
        _NE,
        "Forward mode gives the specification's tangent; with it the adjoint identity <dy, J t> = <J^T dy, t> holds.",
        "ty = phi'(z) (W t + t_W x + t_b)",
        "Griewank & Walther, Evaluating Derivatives (2nd ed., SIAM 2008), section 3.1",
        "the direction of one of x, W and b that is forgotten; a derivative of phi at another point than z",
    ),
    Clause(
        "NE.second",
        _NE,
        "The gradient of the gradient: the derivatives of <dx, ddx>, with respect to x and to dy, are those of the "
        "specification.",
        "dxx = W^T (phi''(z) dy (W ddx)), dxy = phi'(z) (W ddx)",
        "Griewank & Walther, Evaluating Derivatives (2nd ed., SIAM 2008), section 5.1",
        "phi'' at another point than z; a bias in what is linear in ddx",
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
        "NE.dtype",
        _NE,
        "Input of another dtype than the layer's (whole numbers, truth values, float64) is refused with an error that "
        "says something, or counts as the same numbers.",
        "y(x) = y(float32(x)), to float32, or an error",
        "the framework's documentation of the dtypes that it takes",
        "weights that are cast to the dtype of x; a sum that wraps around",
        dtypes=("float32",),
    ),
)
