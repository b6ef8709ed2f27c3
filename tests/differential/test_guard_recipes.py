"""The recipes of docs/guards.md, run as they stand there, each with its library where it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import textwrap
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "guards.md").read_text(encoding="utf-8")
EVIL = "b'\\x80\\x02cposix\\nsystem\\nX\\x04\\x00\\x00\\x00true\\x85R.'"

USES = {
    "A service that takes uploads": (
        ["fastapi", "httpx", "multipart"],
        f"""
        import pickle
        from fastapi.testclient import TestClient
        client = TestClient(app)
        send = lambda data: client.post("/models", files={{"file": ("m.pkl", data)}})
        good = send(pickle.dumps([1.0]))
        assert (good.status_code, good.json()["verdict"]) == (200, "inert"), good.text
        bad = send({EVIL})
        assert (bad.status_code, bad.json()["detail"]) == (422, ["pickle-dangerous-call"]), bad.text
        """,
    ),
    "A folder for `from_pretrained`": (
        ["safetensors"],
        f"""
        import os, sys
        folder = sys.argv[1]
        assert checked(folder) == folder
        with open(os.path.join(folder, "extra.bin"), "wb") as file:
            file.write({EVIL})
        try:
            checked(folder)
        except dryload.UnsafeModelError as error:
            assert "extra.bin" in str(error)
        else:
            raise AssertionError("not refused")
        """,
    ),
    "Weights one by one": (
        ["safetensors", "numpy", "torch"],
        f"""
        import os, sys, numpy, safetensors.numpy, torch
        folder = sys.argv[1]
        safetensors.numpy.save_file({{"a": numpy.arange(3.0)}}, folder + "/a.safetensors")
        torch.save({{"b": torch.arange(4.0)}}, folder + "/b.pt")
        found = dict(weights([folder + "/a.safetensors", folder + "/b.pt"]))
        assert (found["a"].sum(), found["b"].sum()) == (3, 6)
        with open(folder + "/c.pt", "wb") as file:
            file.write({EVIL})
        try:
            list(weights([folder + "/c.pt"]))
        except dryload.UnsafeModelError:
            pass
        else:
            raise AssertionError("not refused")
        """,
    ),
    "Checkpoints of PyTorch Lightning": (
        ["lightning", "torch"],
        f"""
        import sys, torch
        path = sys.argv[1] + "/last.ckpt"
        CheckedIO().save_checkpoint({{"epoch": 1, "state_dict": {{"w": torch.zeros(2)}}}}, path)
        assert CheckedIO().load_checkpoint(path)["epoch"] == 1
        with open(path, "wb") as file:
            file.write({EVIL})
        try:
            CheckedIO().load_checkpoint(path)
        except dryload.UnsafeModelError:
            pass
        else:
            raise AssertionError("not refused")
        """,
    ),
    "MLflow": (
        ["mlflow", "sklearn"],
        f"""
        import os, sys, warnings
        import mlflow.sklearn, numpy
        from sklearn.linear_model import LinearRegression
        fitted = LinearRegression().fit(numpy.arange(6.0).reshape(3, 2), numpy.arange(3.0))
        path = sys.argv[1] + "/model"
        options = {{"serialization_format": "pickle"}}
        mlflow.sklearn.save_model(fitted, path, pip_requirements=[], **options)
        assert (load_model(path).coef_ == fitted.coef_).all()
        with open(os.path.join(path, "model.pkl"), "wb") as file:
            file.write({EVIL})
        try:
            load_model(path)
        except dryload.UnsafeModelError:
            pass
        else:
            raise AssertionError("not refused")
        """,
    ),
}


def recipe(title: str) -> str:
    """The code of one recipe."""
    found = re.search(rf"### {re.escape(title)}.*?```python\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None, title
    return found[1]


@pytest.mark.parametrize("title", USES)
def test_a_recipe_does_what_it_says(title: str, tmp_path: Path) -> None:
    needed, use = USES[title]
    for module in needed:
        pytest.importorskip(module)
    shutil.copytree(ROOT / "tests" / "data" / "repository", tmp_path / "repository")
    folder = next(path.parent for path in (tmp_path / "repository").rglob("config.json"))
    script = tmp_path / "recipe.py"
    script.write_text(recipe(title) + textwrap.dedent(use), encoding="utf-8")
    command = [sys.executable, str(script), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]


def test_every_recipe_is_run() -> None:
    titles = re.findall(r"^### (.*)$", PAGE, re.MULTILINE)
    assert {title.split(", ")[0] for title in titles} == {*USES, "Models in a test run"}


def test_models_are_tests(tmp_path: Path, plain: bytes, evil: bytes, unlisted: bytes) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    for name, data in {"good.pkl": plain, "evil.pkl": evil, "own.pkl": unlisted, "README.md": b"# x"}.items():
        (folder / name).write_bytes(data)
    (tmp_path / "policy.toml").write_text('extends = "default"\n[allow]\n"mycorp.features:Scaler" = true\n')
    command = [sys.executable, "-m", "pytest", "-c", "/dev/null", "--rootdir", str(tmp_path)]
    command += ["-p", "no:cacheprovider", "-q", "--dryload", str(folder), "--dryload-policy", "policy.toml"]
    if "dryload" not in entry_points(group="pytest11").names:
        command += ["-p", "dryload.pytest_plugin"]  # an environment that was made before there was a plugin
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "1 failed, 2 passed" in done.stdout, done.stdout + done.stderr
    assert "error[pickle-dangerous-call]: loading this file calls posix.system('true')" in done.stdout
