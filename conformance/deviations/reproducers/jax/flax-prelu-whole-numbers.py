"""PReLU of whole numbers cuts its slope to a whole number."""

import sys

import numpy as np
from flax import linen

x = np.array([-3, 4], "int32")
slope = {"params": {"negative_slope": np.float32(1.5)}}
got, right = (np.asarray(linen.PReLU().apply(slope, each)).tolist() for each in (x, x.astype("float32")))
print("got  ", got)
print("right", right)
sys.exit(got != right)
