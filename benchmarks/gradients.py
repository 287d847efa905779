"""Gradient checks a second against the frameworks' own checks by finite differences, on the suite's own cases."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator
from typing import Any

from adapters.base import Activation, BatchNorm, Case, Dense, LayerNorm, Outcome
from benchmarks.measure import CLAUSES_ASKED, examinations, forget, processor
from conformance import suite
from conformance.examination import Examination

#: At most so many cases of a clause go to the other side, which takes seconds for each.
SAMPLE = 24


def ours(backend: str, clause: str, mode: str, dtype: str) -> tuple[float, list[Case]]:
    """Processor seconds a case (drawn, asked, judged), of all ways to the layer as in a run, and the cases."""
    tests, cases, seconds = suite.tests(), list[Case](), 0.0
    for again in (False, True):
        forget()
        for exam in examinations(backend, clause, mode=mode, dtype=dtype):
            if exam.activation not in (None, "silu"):
                continue
            exam.adapter.prepare("cpu")
            kept = _keeping(exam)
            with processor() as spent:
                tests[clause](exam)
            if again:
                cases, seconds = cases + kept, seconds + spent[0]
    return seconds / len(cases), cases


def _keeping(exam: Examination) -> list[Case]:
    kept: list[Case] = []
    put = exam.put

    def keep(subject: Any, case: Case, peer: Any = None) -> Outcome:
        kept.append(case)
        return put(subject, case, peer)

    exam.put = keep  # type: ignore[method-assign]
    return kept


def _torch(case: Case) -> Callable[[], object]:
    import torch

    F = torch.nn.functional
    tensors = {name: torch.from_numpy(value.copy()).requires_grad_() for name, value in case.arrays() if name != "dy"}
    names: list[str]
    match case:
        case BatchNorm():
            names = ["x", "gamma", "beta"]
            call = lambda x, g=None, b=None: F.batch_norm(x, None, None, g, b, True, 0.1, case.eps)  # noqa: E731
        case LayerNorm():
            names, shape = ["x", "gain", "bias"], case.x.shape[-case.normalized_rank :]
            call = lambda x, g=None, b=None: F.layer_norm(x, shape, g, b, case.eps)  # noqa: E731
        case Dense():
            names, call = ["x", "weight", "bias"], F.linear
        case _:
            names, call = ["x"], F.silu
    given = [tensors[name] for name in names if name in tensors]
    return lambda: torch.autograd.gradcheck(call, given, raise_exception=False)


def _jax(case: Case) -> Callable[[], object]:
    import jax
    from flax import linen
    from jax.test_util import check_grads

    def call(x: Any, *parameters: Any) -> Any:
        match case:
            case LayerNorm():
                axes = tuple(range(-case.normalized_rank, 0))
                options: Any = {"reduction_axes": axes, "feature_axes": axes}
                layer = linen.LayerNorm(case.eps, **options)
                return layer.apply({"params": dict(zip(("scale", "bias"), parameters, strict=False))}, x)
            case Dense():
                return x @ parameters[0].T + (parameters[1] if len(parameters) > 1 else 0)
            case _:
                return jax.nn.silu(x)

    named = [getattr(case, name, None) for name in ("x", "gain", "weight", "bias")]
    given = [value for value in named if value is not None]

    def check() -> None:
        with contextlib.suppress(AssertionError):  # the time is what is measured
            check_grads(call, given, order=1, modes=["rev"])

    return check


HEAD = ["checked", "cases/s", "against", "its checks/s", "ratio", "wanted"]


def rows() -> Iterator[list[str]]:
    sides = (
        ("torch", "eager", "float64", _torch, "gradcheck"),
        ("jax", "jit", "float32", _jax, "check_grads"),
    )
    for backend, mode, dtype, make, name in sides:
        for clause in CLAUSES_ASKED:
            if backend == "jax" and clause == "BN.train.grad":
                continue  # a layer with a state, which check_grads has no place for
            mine, cases = ours(backend, clause, mode, dtype)
            usual = [case for case in cases if isinstance(case, BatchNorm | LayerNorm | Dense | Activation)]
            usual = [case for case in usual if not isinstance(case, LayerNorm) or case.gain is not None]
            # By chance: the first example of each stratum is a simple one, and every step would meet some more often.
            chosen = random.Random(0).sample(usual, min(SAMPLE, len(usual)))
            for check in map(make, chosen[:1]):
                check()
            with processor() as spent:
                for check in map(make, chosen):
                    check()
            theirs = spent[0] / len(chosen)
            yield ([f"{backend} {clause}", f"{1 / mine:.0f}", name, f"{1 / theirs:.1f}", f"{theirs / mine:.1f}", "50"])
