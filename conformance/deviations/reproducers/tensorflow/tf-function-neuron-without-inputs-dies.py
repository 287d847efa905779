"""In a graph on the CPU a neuron without inputs ends the process, where eager it answers its bias."""

import subprocess
import sys

CODE = """
import tensorflow as tf

@tf.function(input_signature=[tf.TensorSpec([None, None]), tf.TensorSpec([None, None]), tf.TensorSpec([None])])
def neurons(x, weight, bias):
    return tf.nn.bias_add(tf.matmul(x, weight), bias)

print(neurons(tf.zeros((2, 0)), tf.zeros((0, 3)), tf.ones(3)).numpy().tolist())
"""
child = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
got = child.stdout.strip() or f"exit code {child.returncode}"
right = [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
print("got  ", got)
print("right", right)
sys.exit(1 if child.returncode < 0 else 0)
