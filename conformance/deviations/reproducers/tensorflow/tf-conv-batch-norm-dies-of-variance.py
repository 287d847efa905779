"""Behind a convolution, in a graph, a batch norm with an empty variance ends the process where oneDNN is not used."""

import subprocess
import sys

CODE = """
import tensorflow as tf

@tf.function(input_signature=[tf.TensorSpec([None] * rank) for rank in (4, 1, 1, 1, 1)])
def infer(x, scale, offset, mean, variance):
    y = tf.nn.conv2d(x, tf.ones((1, 1, 3, 3)), 1, "SAME")
    return tf.compat.v1.nn.fused_batch_norm(y, scale, offset, mean, variance, is_training=False)[0]

infer(tf.ones((1, 2, 2, 3)), tf.ones(3), tf.ones(3), tf.ones(3), tf.ones(0))
"""
child = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
got = f"exit code {child.returncode}"
right = "an error: variance has 0 elements, x 3 channels"
print("got  ", got)
print("right", right)
sys.exit(1 if child.returncode < 0 else 0)
