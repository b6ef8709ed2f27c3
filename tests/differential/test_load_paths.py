"""Eighteen ways to load the same evil object: none runs it under a guard, and honest loads go on as before.

Each runs in a process of its own, as a guard of the whole process cannot be taken away. The payload writes a
file of its own naming and nothing else.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

PREPARE = """
import io, os, pickle, shelve, sys, warnings
warnings.simplefilter("ignore")
from pickle import load as early_load, loads as early_loads
mark, folder = sys.argv[1], sys.argv[2]
class Evil:
    def __reduce__(self):
        return os.system, (f"touch {mark}",)
evil = pickle.dumps({"weights": [1.0], "x": Evil()})
path = os.path.join(folder, "evil.pkl")
with open(path, "wb") as file:
    file.write(evil)
class Early(pickle.Unpickler):
    pass
class EarlyInPython(pickle._Unpickler):
    pass
class Own(pickle.Unpickler):
    def find_class(self, module, name):
        return super().find_class(module, name)
class Careless(pickle.Unpickler):
    def find_class(self, module, name):
        __import__(module)
        return getattr(sys.modules[module], name)
"""

WAYS = {
    "loads": "pickle.loads(evil)",
    "load of a file": "pickle.load(open(path, 'rb'))",
    "loads bound early": "early_loads(evil)",
    "load bound early": "early_load(open(path, 'rb'))",
    "the C Unpickler": "pickle.Unpickler(io.BytesIO(evil)).load()",
    "the Python Unpickler": "pickle._Unpickler(io.BytesIO(evil)).load()",
    "_pickle": "__import__('_pickle').loads(evil)",
    "the Python loads": "pickle._loads(evil)",
    "a subclass made early": "Early(io.BytesIO(evil)).load()",
    "a subclass in Python": "EarlyInPython(io.BytesIO(evil)).load()",
    "a subclass with its own find_class": "Own(io.BytesIO(evil)).load()",
    "shelve": """
db = shelve.open(os.path.join(folder, "db"))
db.dict[b"x"] = evil
db["x"]
""",
    "multiprocessing": """
from multiprocessing import Pipe
one, two = Pipe()
one.send_bytes(evil)
two.recv()
""",
    "copyreg's reconstructor": """
pickle.loads(pickle.dumps(Evil(), 0))
""",
    "protocol 0": "pickle.loads(pickle.dumps(Evil(), 0))",
    "numpy": """
import numpy as np
array = np.empty(1, dtype=object)
array[0] = Evil()
np.save(os.path.join(folder, "a.npy"), array, allow_pickle=True)
np.load(os.path.join(folder, "a.npy"), allow_pickle=True)
""",
    "a thread": """
import threading
thread = threading.Thread(target=lambda: pickle.loads(evil))
threading.excepthook = lambda told: sys.exit(0)
thread.start()
thread.join()
raise SystemExit(7)
""",
    "a logging handler": """
import logging.handlers, struct
record = pickle.loads(evil)
""",
}
OTHER_LIBRARIES = {
    "joblib": "import joblib; joblib.load(path)",
    "cloudpickle": "import cloudpickle; cloudpickle.load(open(path, 'rb'))",
    "pandas": "import pandas; pandas.read_pickle(path)",
    "torch": "import torch; torch.load(path, weights_only=False)",
    "torch, forced": """
import torch
os.environ["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] = "1"
torch.load(path)
""",
    "torch, pickle_module": "import torch; torch.load(path, pickle_module=pickle)",
}


def run(code: str, tmp_path: Path, guard: str = "dryload.install_guard()") -> tuple[bool, str]:
    """Whether the payload ran, and what the process said last."""
    mark = tmp_path / "ran"
    script = textwrap.dedent(PREPARE) + f"import dryload\n{guard}\n" + textwrap.dedent(code)
    command = [sys.executable, "-c", script, str(mark), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    last = done.stderr.strip().splitlines()
    return mark.exists(), last[-1] if last else ""


@pytest.mark.parametrize("way", WAYS)
def test_no_way_to_load_runs_an_evil_object(way: str, tmp_path: Path) -> None:
    ran, said = run(WAYS[way], tmp_path)
    assert not ran
    if way != "a thread":
        assert "Unsafe" in said, said
    # It would have: the guard is what stops it.
    assert run(WAYS[way], tmp_path, guard="")[0]


@pytest.mark.parametrize("way", OTHER_LIBRARIES)
def test_no_library_runs_it(way: str, tmp_path: Path) -> None:
    pytest.importorskip(way.partition(",")[0])
    ran, said = run(OTHER_LIBRARIES[way], tmp_path)
    assert (ran, "Unsafe" in said) == (False, True), said


def test_a_subclass_that_asks_nobody_is_named(tmp_path: Path) -> None:
    """The one way that the hook does not see; its class can be found, and a guarded script says so."""
    code = """
    from dryload.guards import unguardable
    assert unguardable() == ["__main__.Careless"], unguardable()
    """
    assert run(code, tmp_path) == (False, "")


@pytest.mark.parametrize("guard", ["", "dryload.install_guard()", "dryload.install_guard(memory='deny')"])
def test_honest_loads_go_on_as_before(guard: str, tmp_path: Path) -> None:
    code = """
    import numpy as np
    array = np.arange(6.0).reshape(2, 3)
    with open(os.path.join(folder, "good.pkl"), "wb") as file:
        pickle.dump({"w": array, "d": array.dtype}, file)
    assert (pickle.load(open(os.path.join(folder, "good.pkl"), "rb"))["w"] == array).all()
    np.save(os.path.join(folder, "a.npy"), array)
    assert (np.load(os.path.join(folder, "a.npy")) == array).all()
    np.savez(os.path.join(folder, "a.npz"), a=array)
    assert (np.load(os.path.join(folder, "a.npz"))["a"] == array).all()
    import json, tempfile, subprocess
    assert subprocess.run(["true"]).returncode == 0  # A guard is about loads, not about a program.
    """
    assert run(code, tmp_path, guard) == (False, "")


LIBRARIES = {
    "joblib": """
        import joblib, numpy as np
        joblib.dump([np.arange(5.0)], folder + "/a.joblib", compress=3)
        assert joblib.load(folder + "/a.joblib")[0].sum() == 10
        from dryload import joblib as checked
        assert checked.load(folder + "/a.joblib")[0].sum() == 10
    """,
    "pandas": """
        import pandas as pd
        frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
        frame.to_pickle(folder + "/a.pkl.gz")
        assert pd.read_pickle(folder + "/a.pkl.gz").equals(frame)
        from dryload import pandas as checked
        assert checked.read_pickle(folder + "/a.pkl.gz").equals(frame)
    """,
    "torch": """
        import torch
        from dryload import torch as checked
        for new in (True, False):
            torch.save({"w": torch.arange(4.0)}, folder + "/a.pt", _use_new_zipfile_serialization=new)
            for options in ({}, {"weights_only": False}, {"weights_only": True}):
                assert torch.load(folder + "/a.pt", **options)["w"].sum() == 6
            assert checked.load(folder + "/a.pt")["w"].sum() == 6
            assert checked.load(folder + "/a.pt", trust_scan=True)["w"].sum() == 6
    """,
}


@pytest.mark.parametrize("name", LIBRARIES)
@pytest.mark.parametrize("guard", ["", "dryload.install_guard()"])
def test_honest_loads_of_libraries_go_on_as_before(name: str, guard: str, tmp_path: Path) -> None:
    pytest.importorskip(name)
    assert run(LIBRARIES[name], tmp_path, guard) == (False, "")
