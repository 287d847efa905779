"""A gradient multiplies dy by x before the factor that is 0 there: where dy x overflows it is NaN, and should be 0."""

import sys

import jax
import numpy as np

got = {}
for dtype in ("float32", "float64"):
    with jax.enable_x64(dtype == "float64"):
        x, dy = np.finfo(dtype).max, np.array(2, dtype)
        for name in ("gelu", "silu", "mish"):
            function = {"gelu": lambda x: jax.nn.gelu(x, approximate=False)}.get(name, getattr(jax.nn, name))
            got[name, dtype] = float(jax.vjp(function, jax.numpy.asarray(-x))[1](jax.numpy.asarray(dy))[0])
        gated = jax.numpy.asarray([x, 1e30], dtype)
        got["glu", dtype] = float(jax.vjp(jax.nn.glu, gated)[1](jax.numpy.asarray([dy], dtype))[0][1])

print("got  ", got)
print("right", dict.fromkeys(got, 0.0))
sys.exit(int(np.isnan(list(got.values())).any()))
