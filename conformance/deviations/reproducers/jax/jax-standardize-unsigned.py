"""jax.nn.standardize of unsigned numbers is wrong, because their squares wrap around."""

import sys

import jax
import numpy as np

x = np.array([[250, 0]], "uint8")
got, right = (np.asarray(jax.nn.standardize(each)).tolist() for each in (x, x.astype("float32")))
print("got  ", got)
print("right", right)
sys.exit(not np.allclose(got, right, rtol=1e-3))
