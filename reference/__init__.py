"""The specification: what each layer computes, forward and backward, in plain NumPy.

One file a layer; the gradients are written out by hand. Each ``dy`` is the cotangent of the output (what automatic
differentiation hands down), each ``dx`` that of the input. Nothing here depends on a framework, rounds to a dtype or
guards against bad input beyond what the formula needs: the functions run as they are on float64 arrays, on complex128
arrays (the complex-step proof of the gradients) and on array types that implement NumPy's dispatch protocols.
"""
