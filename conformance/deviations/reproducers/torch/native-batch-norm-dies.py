"""torch.native_batch_norm looks at no size: empty statistics, or an empty weight in the gradient, end the process."""

import subprocess
import sys

CASES = {
    "empty running_var": "torch.native_batch_norm(x, None, None, torch.zeros(3), torch.ones(0), True, 0.1, 1e-5)",
    "empty weight": "torch.native_batch_norm(x, torch.ones(0), None, None, None, True, 0.1, 1e-5)[0].sum().backward()",
}
codes = []
for what, call in CASES.items():
    code = f"import torch; x = torch.ones(4, 3, 2, requires_grad=True); {call}"
    codes.append(subprocess.run([sys.executable, "-c", code], capture_output=True).returncode)
    print("got  ", what, "ends the process with", codes[-1])
print("right an error that can be caught, as torch.batch_norm raises it (exit code 1)")
sys.exit(any(code < 0 for code in codes))
