"""The gradient of softplus is exp(x - y) with the rounded y: its relative error grows with |x|."""

import sys

import jax
import numpy as np

x = np.linspace(8.0, 17.0, 1001, dtype=np.float32)
got = np.asarray(jax.vmap(jax.grad(jax.nn.softplus))(x)).astype(np.float64)
right = 1 / (1 + np.exp(-x.astype(np.float64)))
ulps = np.abs(got - right) / np.spacing(np.float32(0.5))
worst = int(ulps.argmax())

print("got  ", got[worst], "at", x[worst])
print("right", right[worst], f"({ulps[worst]:.1f} units in the last place away)")
sys.exit(int(ulps[worst] > 8))
