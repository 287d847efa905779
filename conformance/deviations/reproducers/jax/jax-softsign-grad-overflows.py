"""Where (1+|x|)^2 overflows, the gradient of soft_sign is 1/(1+|x|) for 1/(1+|x|)^2."""

import sys

import jax
import numpy as np

softsign = jax.grad(jax.nn.soft_sign)
got = [float(softsign(np.float32(1e20)))]
with jax.enable_x64(True):
    got.append(float(softsign(np.float64(1e160))))

print("got  ", got)
print("right", [1e-40, 0.0])
sys.exit(int(max(got) > 1e-38))
