"""The gradient of the tanh approximation of GELU squares x: where that overflows it is NaN, and should be 0 or 1."""

import sys

import jax
import numpy as np

gelu = jax.grad(lambda x: jax.nn.gelu(x, approximate=True))
got = [float(gelu(np.float32(x))) for x in (-1e20, 1e20)]
with jax.enable_x64(True):
    got += [float(gelu(np.float64(x))) for x in (-1e160, 1e160)]

print("got  ", got)
print("right", [0.0, 1.0, 0.0, 1.0])
sys.exit(int(np.isnan(got).any()))
