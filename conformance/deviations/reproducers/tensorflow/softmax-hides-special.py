"""In float32 a NaN or infinite sum divides its own probability alone: softmax([1, inf, 2]) is [0, nan, 0]."""

import math
import sys

import numpy as np
import tensorflow as tf

got = {name: tf.nn.softmax(tf.constant([1.0, math.inf, 2.0], name)).numpy() for name in ("float32", "float64")}
print(f"got   {got['float32']} in float32, {got['float64']} in float64")
print("right [nan nan nan]: every probability is divided by the same sum")
sys.exit(0 if np.isnan(got["float32"]).all() else 1)
