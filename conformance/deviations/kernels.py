"""Kernels that a framework takes on some processors alone, for records of what only they do.

A record that names some (``kernels = "onednn"``) is about machines where they are taken, as one of a version is about
that version: elsewhere it excuses nothing, and nothing need match it. Where that cannot be told it excuses what it
describes, and that nobody meets it is no error.
"""

from __future__ import annotations

import functools
import os
import platform
from collections.abc import Callable, Mapping

from conformance import machine

#: What makes TensorFlow use oneDNN by itself, as Linux names it. Source: the release notes of TensorFlow 2.9, "CPUs
#: with neural-network-focused hardware features such as AVX512_VNNI, AVX512_BF16, AMX, and others".
_NEURAL = ("avx512_vnni", "avx512_bf16", "avx_vnni", "amx_tile", "amx_int8", "amx_bf16")
#: The user's word, which goes before that.
_SWITCH = "TF_ENABLE_ONEDNN_OPTS"
#: What oneDNN calls AVX512_CORE, and the variables by which a user keeps it to less than the processor has. Source:
#: https://oneapi-src.github.io/oneDNN/dev_guide_cpu_dispatcher_control.html
_CORE = ("avx512f", "avx512bw", "avx512vl", "avx512dq")
_LIMITS = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")


def _onednn(features: frozenset[str], environment: Mapping[str, str]) -> bool | None:
    """Whether TensorFlow uses oneDNN; None where that cannot be told."""
    switched = {"1": True, "true": True, "0": False, "false": False}.get(environment.get(_SWITCH, "").lower())
    if switched is not None or not features:
        return switched
    return not features.isdisjoint(_NEURAL)


def _eigen(features: frozenset[str], environment: Mapping[str, str]) -> bool | None:
    """Whether TensorFlow uses kernels of its own where oneDNN has one too."""
    told = _onednn(features, environment)
    return None if told is None else not told


def _avx512(features: frozenset[str], environment: Mapping[str, str]) -> bool | None:
    """Whether PyTorch's oneDNN, which it uses on every processor, has its kernels of AVX-512."""
    if not features or any(environment.get(name) for name in _LIMITS):
        return None
    return features.issuperset(_CORE)


#: name -> whether the kernels are taken, by the processor's features and the environment; None: that cannot be told.
KERNELS: dict[str, Callable[[frozenset[str], Mapping[str, str]], bool | None]] = {
    "onednn": _onednn,
    "eigen": _eigen,
    "avx512": _avx512,
}


def taken(name: str) -> bool | None:
    """Whether kernels of that name, one of ``KERNELS``, are taken here; None where that cannot be told."""
    return KERNELS[name](_features(), os.environ)


@functools.cache
def _features() -> frozenset[str]:
    """What the processor can do, as Linux names it; nothing where the system or the processor is of another kind."""
    return frozenset(machine.processor("flags").split() if platform.machine() == "x86_64" else ())
