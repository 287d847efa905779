"""A layer of neurons.

    z = W x + b          y = phi(z)

and with dz = phi'(z) dy, summed over all leading axes,

    dx = W^T dz          dW = sum dz x^T          db = sum dz

and in directions t of x, tW of W and tb of b

    ty = phi'(z) (W t + tW x + tb)

A second time, of <dx, ddx> with a cotangent ddx of dx: with respect to dy it is ty in the direction ddx of x alone, and

    dxx = W^T (phi''(z) dy (W ddx))

Source: D. E. Rumelhart, G. E. Hinton, R. J. Williams, "Learning representations by back-propagating errors", Nature
323 (1986), 533-536, equations 1 to 7, with any activation.

Shapes: x [..., in], weight [out, in], bias [out] or None, y [..., out] (an activation such as glu may change the last
axis); the gradients are shaped as what they belong to. ``activation``: a name of
:data:`reference.activations.ACTIVATIONS`, taken with its default parameters, or None for the identity. ValueError for
an unknown name and for prelu, which has a parameter to learn. ``table``: where the activation's formula stands.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from reference.activations import ACTIVATIONS, Activation
from reference.moments import Array

Table = Mapping[str, Activation]


def forward(
    x: Array, weight: Array, bias: Array | None, activation: str | None = None, table: Table = ACTIVATIONS
) -> Array:
    """y [..., out]."""
    phi = _activation(activation, table)
    z = _affine(x, weight, bias)
    return z if phi is None else phi.forward(z)


def gradient(
    dy: Array,
    x: Array,
    weight: Array,
    bias: Array | None,
    activation: str | None = None,
    table: Table = ACTIVATIONS,
) -> tuple[Array, Array, Array | None]:
    """(dx, dweight, dbias); dbias is None where there is no bias."""
    phi = _activation(activation, table)
    dz = _rows(dy if phi is None else phi.gradient(dy, _affine(x, weight, bias)))
    dx = np.reshape(dz @ weight, np.shape(x))
    dweight = np.swapaxes(dz, 0, 1) @ _rows(x)
    return dx, dweight, None if bias is None else np.sum(dz, axis=0)


def tangent(
    t: Array,
    tweight: Array | None,
    tbias: Array | None,
    x: Array,
    weight: Array,
    bias: Array | None,
    activation: str | None = None,
    table: Table = ACTIVATIONS,
) -> Array:
    """ty [..., out]; t, tweight, tbias: as x, weight, bias, None for 0."""
    phi = _activation(activation, table)
    tz = _affine(t, weight, tbias)
    if tweight is not None:
        tz = tz + _affine(x, tweight, None)
    return tz if phi is None else phi.along(tz, _affine(x, weight, bias))


def second(
    ddx: Array,
    dy: Array,
    x: Array,
    weight: Array,
    bias: Array | None,
    activation: str | None = None,
    table: Table = ACTIVATIONS,
) -> tuple[Array, Array]:
    """(dxx, dxy): the gradient of <dx, ddx> with respect to x and to dy."""
    phi = _activation(activation, table)
    dxy = tangent(ddx, None, None, x, weight, bias, activation, table)
    if phi is None:
        return np.zeros_like(x), dxy
    dz = _rows(phi.second(_affine(ddx, weight, None), dy, _affine(x, weight, bias)))
    return np.reshape(dz @ weight, np.shape(x)), dxy


def _affine(x: Array, weight: Array, bias: Array | None) -> Array:
    z = _rows(x) @ np.swapaxes(weight, 0, 1)
    if bias is not None:
        z = z + bias
    return np.reshape(z, np.shape(x)[:-1] + np.shape(weight)[:1])


def _rows(x: Array) -> Array:
    """[..., n] as [samples, n]; counted, because -1 has no meaning where n is 0."""
    *leading, features = np.shape(x)
    return np.reshape(x, (math.prod(leading), features))


def _activation(name: str | None, table: Table) -> Activation | None:
    if name is None:
        return None
    if name not in table or name == "prelu":
        usable = ", ".join(sorted(table.keys() - {"prelu"}))
        raise ValueError(f"{name!r} is no activation that a neuron takes without parameters; these are: {usable}")
    return table[name]
