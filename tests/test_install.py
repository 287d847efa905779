"""The ways to run the suite: from a plain checkout, installed, and both at once.

Each runs in a virtual environment that holds exactly the packages that it should do with, linked from the one that runs
these tests: nothing is fetched.
"""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterable, Iterator
from email.parser import HeaderParser
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from conformance import __version__
from tests.command import FAST, PLUGIN_FAST, ROOT, asked, rows

PACKAGES = ("adapters", "conformance", "reference")
#: What a distribution is made from; not the whole checkout, which may hold the remains of another build.
SOURCES = (*PACKAGES, "LICENSE", "README.md", "conftest.py", "pyproject.toml")
#: The control's dtypes but bfloat16, alone and in mixed precision, which needs ml_dtypes.
WITHOUT_BFLOAT16 = asked("BN.train.output") - 2
PYTEST = ("-p", "no:cacheprovider", "-k", "backend=numpy", *PLUGIN_FAST)


def closure(requirements: Iterable[str]) -> Iterator[metadata.Distribution]:
    """The installed distributions that meet the requirements, and what they require in turn."""
    left, seen = [Requirement(text) for text in requirements], set()
    while left:
        requirement = left.pop()
        wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if wanted and requirement.name not in seen:
            seen.add(requirement.name)
            found = metadata.distribution(requirement.name)
            left += [Requirement(text) for text in found.requires or ()]
            yield found


class Environment:
    """A virtual environment with the named packages and their dependencies; they bring no commands."""

    def __init__(self, folder: Path, requirements: Iterable[str]) -> None:
        venv.create(folder)
        place = {"base": str(folder), "platbase": str(folder), "installed_base": str(folder)}
        self.commands = Path(sysconfig.get_path("scripts", "venv", place))
        site = Path(sysconfig.get_path("purelib", "venv", place))
        for distribution in closure(requirements):
            for name in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
                if not (site / name).exists():
                    (site / name).symlink_to(Path(str(distribution.locate_file(name))).resolve())

    def install(self, *arguments: str | Path) -> None:
        """pip of this process, for that environment, without a look at any index."""
        own = (
            "-m",
            "pip",
            "--python",
            self.commands / "python",
            "install",
            "--no-deps",
            "--no-index",
            "--no-build-isolation",
        )
        finished(sys.executable, *own, *arguments, cwd=self.commands)

    def run(self, command: str, *arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
        return start(self.commands / command, *arguments, cwd=cwd)

    def pytest_command(self, *arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
        """As the command ``pytest`` does: unlike ``python -m pytest``, it leaves the current folder off the path."""
        return self.run("python", "-P", "-m", "pytest", *arguments, cwd=cwd)


def start(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST_", "COV_"))}
    words = [str(word) for word in command]
    return subprocess.run(words, cwd=cwd, env=kept, capture_output=True, text=True, timeout=120, check=False)


def finished(*command: str | Path, cwd: Path) -> str:
    done = start(*command, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a distribution is made from, for builds to write into."""
    folder = tmp_path_factory.mktemp("sources")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture(scope="module")
def wheel(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = ("wheel", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", folder)
    finished(sys.executable, "-m", "pip", *build, sources, cwd=folder)
    (made,) = folder.glob("*.whl")
    return made


def about(wheel: Path, name: str) -> str:
    """A file of the wheel's metadata."""
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(f"conformance_layers-{__version__}.dist-info/{name}").decode()


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The wheel, and what it says that it requires."""
    requirements = HeaderParser().parsestr(about(wheel, "METADATA")).get_all("Requires-Dist")
    assert requirements is not None
    environment = Environment(tmp_path_factory.mktemp("installed"), requirements)
    environment.install(wheel)
    return environment


def test_wheel_holds_what_the_packages_hold(wheel: Path, sources: Path) -> None:
    files = [path for package in PACKAGES for path in (sources / package).rglob("*")]
    wanted = {path.relative_to(sources).as_posix() for path in files if path.is_file()}
    assert {path.name for path in files} >= {"cli.py", "test_batch_norm.py", "torch.toml"}
    with zipfile.ZipFile(wheel) as archive:
        assert {name for name in archive.namelist() if ".dist-info/" not in name} == wanted


def test_wheel_says_what_it_is(wheel: Path) -> None:
    told = HeaderParser().parsestr(about(wheel, "METADATA"))
    assert told["Version"] == __version__
    assert told["Requires-Python"] == ">=3.11"
    assert set(told.get_all("Provides-Extra") or ()) == {"torch", "tensorflow", "jax", "all"}
    assert "Apache License" in about(wheel, "licenses/LICENSE")
    points = configparser.ConfigParser(delimiters="=")
    points.read_string(about(wheel, "entry_points.txt"))
    assert dict(points["console_scripts"]) == {"conformance": "conformance.cli:main"}
    assert dict(points["pytest11"]) == {"conformance.plugin": "conformance.plugin"}


def test_plain_checkout(tmp_path: Path) -> None:
    """With nothing of ours installed, and of others only what the control cannot do without."""
    bare = Environment(tmp_path / "bare", ["hypothesis", "numpy", "pytest"])
    results = tmp_path / "results.json"
    more = ("--conformance-clause=DO.rate", f"--conformance-results={results}", "-rs")
    done = bare.pytest_command(*PYTEST, *more, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{WITHOUT_BFLOAT16} passed, 3 skipped" in done.stdout
    assert "unsupported: SciPy not installed: python -m pip install scipy" in done.stdout
    verdicts = {(row["clause"], row["verdict"]) for row in rows(results)}
    assert verdicts == {("BN.train.output", "pass"), ("DO.rate", "unsupported")}


def test_installed_command(installed: Environment, tmp_path: Path) -> None:
    done = installed.run("conformance", "run", *FAST, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "conforms"
    assert "missing" in installed.run("conformance", "list", cwd=tmp_path).stdout
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]
    page = installed.run("conformance", "report", "results.json", "--html", "-", cwd=tmp_path)
    assert page.returncode == 0, page.stderr
    assert "<h1>Conformance of numpy</h1>" in page.stdout


def test_installed_suite(installed: Environment, tmp_path: Path) -> None:
    done = installed.pytest_command("--pyargs", "conformance.suite", *PYTEST, "-n", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{asked('BN.train.output')} passed" in done.stdout


def test_installed_and_checkout(installed: Environment, sources: Path) -> None:
    """The entry point and conftest.py name one plugin, and it is registered once."""
    done = installed.run("python", "-m", "pytest", *PYTEST, "--trace-config", cwd=sources)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{asked('BN.train.output')} passed" in done.stdout
    assert done.stdout.count("PLUGIN registered: <module 'conformance.plugin'") == 1


def test_installed_in_place_of_the_checkout(installed: Environment, sources: Path) -> None:
    """Nobody should believe that the files in front of him were tested when others were."""
    done = installed.pytest_command(*PYTEST, cwd=sources)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in done.stderr.splitlines() if line]
    assert "in place of this checkout: run 'python -m pytest', or install" in line


def test_editable(sources: Path, tmp_path: Path) -> None:
    environment = Environment(tmp_path / "editable", ["hypothesis", "numpy", "pytest", "setuptools"])
    environment.install("--editable", sources)
    done = environment.pytest_command(*PYTEST, cwd=sources)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{WITHOUT_BFLOAT16} passed" in done.stdout


def test_constraints_pin_what_is_required() -> None:
    """Each by one exact version, so that two runs of CI install the same."""
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pinned = [Requirement(line.partition("#")[0]) for line in lines if line.partition("#")[0].strip()]
    assert all([mark.operator for mark in requirement.specifier] == ["=="] for requirement in pinned)
    assert {"torch", "tensorflow", "jax", "flax", "keras", "numpy", "pytest"} <= {each.name for each in pinned}
