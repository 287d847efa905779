"""The normalizations take a negative epsilon."""

import os
import sys

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np

x = np.array([[0.1, 0.2], [3.0, 5.0]], "float32")
got = {}
for kind in ("BatchNormalization", "LayerNormalization"):
    try:
        layer = getattr(keras.layers, kind)(epsilon=-1.0)
        got[kind] = keras.ops.convert_to_numpy(layer(x)).tolist()
    except ValueError:
        continue
print("got  ", got)
print("right ValueError, twice")
sys.exit(int(bool(got)))
