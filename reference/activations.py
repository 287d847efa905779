"""The table of activations: y = phi(x), dx = phi'(x) dy, and beyond, with formula, source, parameters and kinks.

The functions stand in :mod:`reference.rectifiers` (piecewise), :mod:`reference.smooth` and :mod:`reference.rows`
(softmax and its kin), second derivatives of single numbers in :mod:`reference.curvature`. At a kink the gradient
written is the one-sided derivative that the function's docstring states.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reference import curvature, rectifiers, rows, smooth
from reference.moments import Array

__all__ = ["ACTIVATIONS", "Activation"]


@dataclass(frozen=True)
class Activation:
    """``forward(x, **parameters) -> y`` and ``gradient(dy, x, **parameters) -> dx`` (prelu: ``(dx, dalpha)``).

    ``second(ddx, dy, x, **parameters) -> dxx``, the gradient of <dx, ddx> with respect to x. ``tangent(t, x,
    **parameters) -> J t``, which is also the gradient of <dx, ddx> with respect to dy, for t = ddx; None where J is
    symmetric, so that it is the gradient with t for dy.
    """

    name: str
    formula: str  #: one line of text
    source: str
    forward: Callable[..., Array]
    gradient: Callable[..., Any]
    second: Callable[..., Array]
    parameters: Mapping[str, Any] = field(default_factory=dict)  #: name -> default
    kinks: tuple[float, ...] = ()  #: x where the derivative jumps, for the default parameters
    bends: tuple[float, ...] = ()  #: x where the derivative is continuous and the second derivative jumps
    tangent: Callable[..., Array] | None = None

    def along(self, t: Array, x: Array, **parameters: Any) -> Array:
        """J t: the tangent of y in the direction t of x."""
        answer: Array = (self.tangent or self.gradient)(t, x, **parameters)
        return answer


_HOWARD = "Howard et al., Searching for MobileNetV3, ICCV 2019 (arXiv:1905.02244), section 5.2"
_HENDRYCKS = "Hendrycks & Gimpel, Gaussian Error Linear Units, 2016 (arXiv:1606.08415), section 2"
_ROW = {"axis": -1}

_TABLE = (
    Activation(
        "relu",
        "max(x, 0)",
        "Nair & Hinton, Rectified linear units improve restricted Boltzmann machines, ICML 2010",
        rectifiers.relu,
        rectifiers.relu_grad,
        curvature.straight,
        kinks=(0.0,),
    ),
    Activation(
        "leaky_relu",
        "x if x > 0 else negative_slope x",
        "Maas, Hannun & Ng, Rectifier nonlinearities improve neural network acoustic models, ICML 2013 workshop",
        rectifiers.leaky_relu,
        rectifiers.leaky_relu_grad,
        curvature.straight,
        {"negative_slope": 0.01},
        kinks=(0.0,),
    ),
    Activation(
        "prelu",
        "x if x > 0 else alpha x, alpha learnt, one or one a channel",
        "He et al., Delving deep into rectifiers, ICCV 2015 (arXiv:1502.01852), equation 1",
        rectifiers.prelu,
        rectifiers.prelu_grad,
        curvature.straight,
        {"alpha": 0.25},
        kinks=(0.0,),
        tangent=rectifiers.prelu_tangent,
    ),
    Activation(
        "relu6",
        "min(max(x, 0), 6)",
        "Krizhevsky, Convolutional deep belief networks on CIFAR-10, 2010",
        rectifiers.relu6,
        rectifiers.relu6_grad,
        curvature.straight,
        kinks=(0.0, 6.0),
    ),
    Activation(
        "elu",
        "x if x > 0 else alpha (exp(x) - 1)",
        "Clevert, Unterthiner & Hochreiter, ICLR 2016 (arXiv:1511.07289)",
        rectifiers.elu,
        rectifiers.elu_grad,
        curvature.elu,
        {"alpha": 1.0},
        bends=(0.0,),
    ),
    Activation(
        "celu",
        "x if x > 0 else alpha (exp(x / alpha) - 1)",
        "Barron, Continuously differentiable exponential linear units, 2017 (arXiv:1704.07483)",
        rectifiers.celu,
        rectifiers.celu_grad,
        curvature.celu,
        {"alpha": 1.0},
        bends=(0.0,),
    ),
    Activation(
        "selu",
        "1.0507... (x if x > 0 else 1.6732... (exp(x) - 1))",
        "Klambauer et al., Self-normalizing neural networks, NeurIPS 2017 (arXiv:1706.02515), equation 2",
        rectifiers.selu,
        rectifiers.selu_grad,
        curvature.selu,
        kinks=(0.0,),
    ),
    Activation("gelu", "x erfc(-x / sqrt(2)) / 2", _HENDRYCKS, smooth.gelu, smooth.gelu_grad, curvature.gelu),
    Activation(
        "gelu_tanh",
        "x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2",
        _HENDRYCKS,
        smooth.gelu_tanh,
        smooth.gelu_tanh_grad,
        curvature.gelu_tanh,
    ),
    Activation(
        "silu",
        "x sigmoid(x)",
        "Elfwing, Uchibe & Doya, Neural Networks 107 (2018), 3-11 (arXiv:1702.03118)",
        smooth.silu,
        smooth.silu_grad,
        curvature.silu,
    ),
    Activation(
        "mish",
        "x tanh(log(1 + exp(x)))",
        "Misra, Mish: a self regularized non-monotonic activation function, BMVC 2020 (arXiv:1908.08681)",
        smooth.mish,
        smooth.mish_grad,
        curvature.mish,
    ),
    Activation(
        "sigmoid",
        "1 / (1 + exp(-x))",
        "Rumelhart, Hinton & Williams, Nature 323 (1986), 533-536, equation 2",
        smooth.sigmoid,
        smooth.sigmoid_grad,
        curvature.sigmoid,
    ),
    Activation(
        "log_sigmoid",
        "-log(1 + exp(-x))",
        "the logarithm of sigmoid, as in the logistic loss",
        smooth.log_sigmoid,
        smooth.log_sigmoid_grad,
        curvature.log_sigmoid,
    ),
    Activation(
        "tanh",
        "(exp(x) - exp(-x)) / (exp(x) + exp(-x))",
        "LeCun et al., Efficient BackProp, 1998, section 4.4",
        smooth.tanh,
        smooth.tanh_grad,
        curvature.tanh,
    ),
    Activation(
        "softplus",
        "log(1 + exp(beta x)) / beta",
        "Dugas et al., Incorporating second-order functional knowledge for better option pricing, NIPS 2000",
        smooth.softplus,
        smooth.softplus_grad,
        curvature.softplus,
        {"beta": 1.0},
    ),
    Activation(
        "softsign",
        "x / (1 + |x|)",
        "Glorot & Bengio, Understanding the difficulty of training deep feedforward neural networks, AISTATS 2010",
        smooth.softsign,
        smooth.softsign_grad,
        curvature.softsign,
        bends=(0.0,),
    ),
    Activation(
        "hard_sigmoid",
        "min(max(x + 3, 0), 6) / 6",
        _HOWARD,
        rectifiers.hard_sigmoid,
        rectifiers.hard_sigmoid_grad,
        curvature.straight,
        kinks=(-3.0, 3.0),
    ),
    Activation(
        "hard_swish",
        "x min(max(x + 3, 0), 6) / 6",
        _HOWARD,
        rectifiers.hard_swish,
        rectifiers.hard_swish_grad,
        curvature.hard_swish,
        kinks=(-3.0, 3.0),
    ),
    Activation(
        "hard_tanh",
        "min(max(x, -1), 1)",
        "Collobert, Large scale machine learning, thesis, Paris 6, 2004",
        rectifiers.hard_tanh,
        rectifiers.hard_tanh_grad,
        curvature.straight,
        kinks=(-1.0, 1.0),
    ),
    Activation(
        "softmax",
        "exp(x_i) / sum_j exp(x_j)",
        "Bridle, Probabilistic interpretation of feedforward classification network outputs, Neurocomputing, 1990",
        rows.softmax,
        rows.softmax_grad,
        rows.softmax_second,
        _ROW,
    ),
    Activation(
        "log_softmax",
        "x_i - log(sum_j exp(x_j))",
        "Blanchard, Higham & Higham, IMA J. Numer. Anal. 41 (2021), 2311-2330: shifted, as computed here",
        rows.log_softmax,
        rows.log_softmax_grad,
        rows.log_softmax_second,
        _ROW,
        tangent=rows.log_softmax_tangent,
    ),
    Activation(
        "glu",
        "a sigmoid(b), x = (a, b) in halves",
        "Dauphin et al., Language modeling with gated convolutional networks, ICML 2017 (arXiv:1612.08083), equation 1",
        rows.glu,
        rows.glu_grad,
        rows.glu_second,
        _ROW,
        tangent=rows.glu_tangent,
    ),
)

ACTIVATIONS: dict[str, Activation] = {activation.name: activation for activation in _TABLE}
