"""Whole modules of torch.nn: what the opt-in policy calls inert loads in torch, and does nothing else.

The policy lets a state bring anything under any key, and `__setstate__` looks a few methods up on what it
brought. So every name that the policy allows is called as Module would call it, in a process of
its own under an audit hook. It refuses to load anything that torch itself did not just write.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dryload import Policy, Verdict, scan
from dryload.policy_table import built_in

REAL = Path(__file__).parent.parent / "data" / "real" / "torch" / "whole_module.pt"

PLANTED = """
import importlib, json, resource, sys, warnings
import torch, numpy, torch.nn.utils.weight_norm
warnings.simplefilter("ignore")
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
names = json.load(sys.stdin)
found = []
CALLS = [("_is_full_backward_hook", None), ("_is_full_backward_hook", None, True), ("dim", None),
         ("proj_size",), ("_flat_weights",)]
for module, qualname in names:
    try:
        value = importlib.import_module(module)
        for part in qualname.split("."):
            value = getattr(value, part)
    except (ImportError, AttributeError):
        continue
    found.append((module + ":" + qualname, value))
acts = ("subprocess.", "os.", "socket.", "open", "ctypes.dlopen", "shutil.", "exec", "compile", "import",
        "pickle.")
seen, now = [], None
def hook(event, args):
    if now is not None and event.startswith(acts) and not (event == "import" and args[0] in sys.modules):
        seen.append([now, event, repr(args)[:200]])
sys.addaudithook(hook)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for name, value in found:
    if callable(value):
        for args in CALLS:
            now = name
            try:
                value(*args)
            except Exception:
                pass
            now = None
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak
print(json.dumps({"called": len(found), "seen": seen, "grown_kib": grown}))
"""


def test_a_whole_module_is_unknown_unless_its_policy_is_asked_for() -> None:
    assert scan(REAL).verdict is Verdict.UNKNOWN
    assert scan(REAL, policy=Policy.builtin("torch-nn")).verdict is Verdict.INERT


def test_the_finding_names_the_policy_that_would_allow_the_module() -> None:
    helps = {finding.help for finding in scan(REAL).findings}
    assert all("torch-nn" in text for text in helps), helps


@pytest.mark.torch
def test_no_allowed_name_acts_when_a_module_state_plants_it() -> None:
    pytest.importorskip("torch")
    allowed = [pair for policy in ("stdlib", "torch", "torch-nn") for pair in built_in().layers[policy].allow]
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PLANTED],
        input=json.dumps(allowed), capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    told = json.loads(run.stdout)
    assert told["called"] > len(allowed) // 2
    assert told["seen"] == []
    assert told["grown_kib"] < 64 * 1024


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore:.*weight_norm:FutureWarning")
def test_every_allowed_module_class_that_torch_makes_is_inert_and_loads_the_same(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    policy = Policy.builtin("torch-nn")
    rows = (row for line in SORTS.splitlines() for row in line.split(";"))
    made = [eval(row, vars(torch.nn)) for row in rows if row.strip()]
    names = {
        f"{type(part).__module__}:{type(part).__qualname__}" for whole in made for part in whole.modules()
    }
    listed = {
        f"{module}:{name}" for module, name in built_in().layers["torch-nn"].allow if ".modules." in module
    }
    assert len(names & listed) > 60
    for module in made:
        for parameter in module.parameters():
            # Two same layers of a stack are two storages with the same numbers.
            torch.nn.init.constant_(parameter, 0.5)
        path = tmp_path / "module.pt"
        torch.save(module, path)
        report = scan(path, policy=policy)
        assert report.verdict is Verdict.INERT, (module, [finding.message for finding in report.findings])
        again = torch.load(path, weights_only=False)
        assert repr(again) == repr(module)
        for before, after in zip(module.state_dict().values(), again.state_dict().values(), strict=True):
            assert torch.equal(before, after)


# One module of every sort that models are made of, as Python text over `torch.nn`.
SORTS = """
ReLU(); ReLU6(); GELU(); SiLU(); Mish(); ELU(); CELU(); SELU(); LeakyReLU(); Sigmoid(); Tanh(); Softplus();
Softsign(); Softmax(); LogSoftmax(); Hardtanh(); Hardswish(); Hardsigmoid(); PReLU(); GLU()
Threshold(0.1, 0.0)
Dropout(); Dropout1d(); Dropout2d(); Dropout3d(); AlphaDropout(); Flatten(); Identity(); Upsample()
L1Loss(); MSELoss(); CrossEntropyLoss(); NLLLoss(); BCELoss(); BCEWithLogitsLoss()
SmoothL1Loss(); HuberLoss()
KLDivLoss(); CTCLoss(); TripletMarginLoss(); CosineSimilarity(); PairwiseDistance()
Linear(2, 3); Bilinear(2, 2, 2); Embedding(3, 2, padding_idx=0); EmbeddingBag(3, 2)
Conv1d(1, 1, 1); Conv2d(1, 2, 3, padding="same"); Conv3d(1, 1, 1); ConvTranspose1d(1, 1, 1)
ConvTranspose2d(1, 1, 2); ConvTranspose3d(1, 1, 1); BatchNorm1d(2); BatchNorm2d(2); BatchNorm3d(2)
SyncBatchNorm(2); LayerNorm(2); GroupNorm(1, 2); InstanceNorm1d(2); InstanceNorm2d(2, affine=True)
LocalResponseNorm(2); MaxPool1d(2); MaxPool2d(2); MaxPool3d(2); AvgPool1d(2); AvgPool2d(2); AvgPool3d(2)
AdaptiveAvgPool1d(1); AdaptiveAvgPool2d(1); AdaptiveMaxPool2d(1); LSTM(1, 2, proj_size=1);
GRU(1, 2, num_layers=2, bidirectional=True); RNN(1, 2); LSTMCell(1, 2); GRUCell(1, 2); RNNCell(1, 2)
PixelShuffle(2); PixelUnshuffle(2); ChannelShuffle(1); ZeroPad2d(1); ReflectionPad1d(1); ReplicationPad2d(1)
ConstantPad1d(1, 0.5); Unflatten(1, (1, 1)); Fold((2, 2), (1, 1)); Unfold(1); MultiheadAttention(4, 2)
TransformerEncoderLayer(4, 2, 8); TransformerDecoderLayer(4, 2, 8, activation="gelu")
TransformerEncoder(TransformerEncoderLayer(4, 2, 8, batch_first=True), 2)
TransformerDecoder(TransformerDecoderLayer(4, 2, 8), 1);
Transformer(4, 2, 1, 1, 8); AdaptiveLogSoftmaxWithLoss(4, 6, [2])
ModuleList([Linear(1, 1)]); ModuleDict({"a": ReLU()}); DataParallel(Linear(1, 1))
ParameterList([Linear(1, 1).weight]); ParameterDict({"a": Linear(1, 1).weight})
utils.weight_norm(Linear(2, 2)); Sequential(Linear(2, 2), ReLU(), Linear(2, 1))
"""
