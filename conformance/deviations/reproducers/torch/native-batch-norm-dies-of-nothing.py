"""The gradient of torch.native_batch_norm in inference ends the process where the batch is empty."""

import subprocess
import sys

CODE = """
import torch
x, one = torch.ones(0, 2, requires_grad=True), torch.ones(2)
torch.native_batch_norm(x, one, one, one, one, False, 0.1, 1e-5)[0].sum().backward()
print("answered")
"""
done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True)
print("got   exit code", done.returncode, done.stdout)
print("right an empty gradient, as of torch.batch_norm, or an error (exit code 0 or 1)")
sys.exit(done.returncode < 0)
