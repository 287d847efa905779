"""The second derivatives of softplus, log_sigmoid and tanh are differences of rounded numbers, shown in bfloat16."""

import sys

import jax
import ml_dtypes
import numpy as np

functions = {4.0: jax.nn.softplus, -4.0: jax.nn.log_sigmoid, 3.5: jax.numpy.tanh}
second = {x: jax.jit(jax.grad(jax.grad(function))) for x, function in functions.items()}
got = [float(function(ml_dtypes.bfloat16(x))) for x, function in second.items()]
right = [float(function(np.float32(x))) for x, function in second.items()]

print("got  ", got)
print("right", right)
sys.exit(int(not np.allclose(got, right, rtol=2**-6)))
