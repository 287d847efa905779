"""The gradient of a float32 parameter is formed in float16: beyond 65504 it is infinite."""

import sys
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen, nnx

x = jnp.full((4, 1), 60000, jnp.float16)
graph, state = nnx.split(nnx.BatchNorm(1, use_running_average=True, dtype=jnp.float16, rngs=nnx.Rngs(0)))
dense = linen.Dense(1, use_bias=False, dtype=jnp.float16)


def normalized(scale: Any) -> Any:
    return nnx.merge(graph, {**nnx.to_pure_dict(state), "scale": scale})(x)


def weighed(kernel: Any) -> Any:
    return dense.apply({"params": {"kernel": kernel}}, x)


ones = jnp.ones((4, 1), jnp.float16)
got = {
    "dgamma": float(jax.vjp(normalized, jnp.ones(1))[1](ones)[0][0]),
    "dweight": float(jax.vjp(weighed, jnp.ones((1, 1)))[1](ones)[0][0, 0]),
}

print("got  ", got)
print("right", dict.fromkeys(got, 240000.0))
sys.exit(int(any(value == float("inf") for value in got.values())))
