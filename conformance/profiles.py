"""How hard a run looks: the Hypothesis settings of the suite, kept apart from those of the user's own tests."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import hypothesis
from hypothesis import HealthCheck, Phase

#: Cold imports and compilations make first examples slow; that is the framework's time and no defect of a strategy.
_COMMON: dict[str, object] = {
    "deadline": None,
    "print_blob": False,
    "report_multiple_bugs": False,
    "suppress_health_check": [HealthCheck.too_slow],
    # The remarks of the phase "explain" would go to a traceback that nobody sees, at the price of the shrinking.
    "phases": (Phase.explicit, Phase.generate, Phase.shrink),
}
#: What is left for a test whose examples are long and whose cases are small: the first failure as it is.
UNSHRUNK = (Phase.explicit, Phase.generate)

#: Examples of each stratum (a numeric regime). ``quick`` and ``ci`` ask the same questions in every run with the same
#: seed, so that two framework versions can be compared; so does ``deep``, to which a nightly run gives another seed
#: each night.
EXAMPLES = {"quick": 2, "ci": 6, "deep": 120}
PROFILES: dict[str, hypothesis.settings] = {
    name: hypothesis.settings(max_examples=examples, database=None, **_COMMON)  # type: ignore[arg-type]
    for name, examples in EXAMPLES.items()
}
DEFAULT = "ci"

_chosen = DEFAULT


def choose(name: str) -> None:
    """Set the profile of this run. Suite modules read it when they are imported, so this comes first."""
    global _chosen
    if name not in PROFILES:
        raise ValueError(f"unknown profile {name!r}; known: {', '.join(PROFILES)}")
    _chosen = name


def chosen() -> str:
    return _chosen


def settings(*, shrinks: bool = True, alike: bool = False) -> hypothesis.settings:
    """What a stratum is asked with. ``alike``: all of its examples ask the same, but for numbers that do not matter."""
    chosen = PROFILES[_chosen]
    if alike:
        chosen = hypothesis.settings(chosen, max_examples=max(1, chosen.max_examples // EXAMPLES[DEFAULT]))
    return chosen if shrinks else hypothesis.settings(chosen, phases=UNSHRUNK)


@contextlib.contextmanager
def same_questions() -> Iterator[None]:
    """Keep Hypothesis from drawing the constants of whatever source files happen to be loaded.

    It does so by default since 6.131, for modules outside site-packages: the questions would depend on whether the
    suite runs from a checkout, in which worker, after which imports. There is no setting for it.
    """
    from hypothesis.internal.conjecture import providers

    collect = getattr(providers, "_get_local_constants", None)
    if collect is None:
        yield
        return
    none = vars(providers)["Constants"]()
    vars(providers)["_get_local_constants"] = lambda: none
    providers.CONSTANTS_CACHE.cache.clear()
    try:
        yield
    finally:
        vars(providers)["_get_local_constants"] = collect
        providers.CONSTANTS_CACHE.cache.clear()
