"""The variance's term of dx is formed with the cube of 1/sigma, which underflows where sigma is large."""

import sys

import jax
import numpy as np

wrong = False
for dtype, scale in (("float32", 1e14), ("float64", 1e110)):
    with jax.enable_x64(dtype == "float64"):
        x = scale * np.array([-1.0, 0.0, 2.0], dtype)
        dy = np.array([1.0, 0.0, 0.0], dtype)
        y, pullback = jax.vjp(lambda x: jax.nn.standardize(x, epsilon=0.0), jax.numpy.asarray(x))
        got = np.asarray(pullback(jax.numpy.asarray(dy))[0]) * scale
    unit = x.astype(np.float64) / scale
    x_hat = (unit - unit.mean()) / unit.std()
    right = (dy - dy.mean() - x_hat * (dy * x_hat).mean()) / unit.std()
    print("got  ", dtype, got)
    print("right", dtype, right)
    wrong |= bool(np.abs(got - right).max() > 1e-2)
sys.exit(int(wrong))
