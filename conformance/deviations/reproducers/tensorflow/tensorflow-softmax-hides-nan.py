"""softmax of a row with a NaN gives 0 for the other elements, which were divided by a sum that is NaN."""

import sys

import numpy as np
import tensorflow as tf

got = tf.nn.softmax(tf.constant([[1.0, np.nan]], tf.float32)).numpy()
right = np.array([[np.nan, np.nan]])
print("got  ", got)
print("right", right)
sys.exit(1 if not np.isnan(got).all() else 0)
