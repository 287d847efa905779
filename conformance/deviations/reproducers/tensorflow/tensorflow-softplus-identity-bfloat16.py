"""softplus in bfloat16 is the identity from 2.86 on, five roundings off."""

import sys

import numpy as np
import tensorflow as tf

got = float(tf.nn.softplus(tf.constant([2.859375], tf.bfloat16))[0])
right = float(np.log1p(np.exp(2.859375)))
print("got  ", got)
print("right", right)
sys.exit(1 if abs(got - right) > 0.03 else 0)
