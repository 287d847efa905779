"""An adapter that dies, hangs or complains as the activation's name says; asked in a process of its own alone."""

from __future__ import annotations

import os
import signal
import sys
import time

import numpy as np

from adapters.base import Activation, Adapter, Case, Outcome, Subject, Unsupported


class Deadly(Adapter):
    name = "deadly"
    modules = ("numpy",)
    distributions = ("numpy",)
    install = "python -m pip install numpy"
    apis = {"control": frozenset({"relu"})}  # noqa: RUF012 - as every adapter writes it

    def ask(self, subject: Subject, case: Case) -> Outcome:
        assert isinstance(case, Activation)
        match case.name:
            case "segfault":
                print("about to fall", file=sys.stderr, flush=True)
                os.kill(os.getpid(), signal.SIGSEGV)
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "exit":
                os._exit(3)
            case "hang":
                time.sleep(60)
            case "unsupported":
                raise Unsupported("not here")
            case "builtin":
                raise ValueError("a size of 3")
            case "own":
                raise np.linalg.LinAlgError("singular")
            case "environment":
                return Outcome({"y": np.array([float(os.environ["DEADLY"])])})
        return Outcome({"y": np.maximum(case.x, 0)})


ADAPTER = Deadly()
