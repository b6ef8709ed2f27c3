"""Makes the training state that a Hugging Face Trainer saves beside its weights, as small as it comes.

Trains a model of four numbers for one step and keeps `training_args.bin`, `optimizer.pt`, `scheduler.pt` and
`rng_state.pth` of the checkpoint, which are what the tests hold the policies against:

    python tools/make_trainer_state.py tests/data/real/trainer-5-24

Refuses to keep what tells of the machine: paths and the logging folder are given, and no address is asked.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from pathlib import Path

# Before transformers is imported, which reads them.
os.environ.update({"HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": "", "TRANSFORMERS_VERBOSITY": "error"})

KEPT = ("training_args.bin", "optimizer.pt", "scheduler.pt", "rng_state.pth")


def main() -> None:
    """Trains, and copies what is kept into the folder that is named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    kept = parser.parse_args().folder.absolute()
    import torch
    import transformers

    class Line(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(3, 1)

        def forward(self, x: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
            return {"loss": ((self.layer(x) - labels) ** 2).mean()}

    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        wanted = {
            "output_dir": "out",
            "logging_dir": "logs",
            "report_to": [],
            "max_steps": 1,
            "save_steps": 1,
        }
        known = transformers.TrainingArguments.__dataclass_fields__
        arguments = transformers.TrainingArguments(
            **{name: value for name, value in wanted.items() if name in known}, use_cpu=True, seed=1
        )
        row = {"x": torch.ones(3), "labels": torch.zeros(1)}
        transformers.Trainer(model=Line(), args=arguments, train_dataset=[row] * 8).train()
        kept.mkdir(parents=True, exist_ok=True)
        for name in KEPT:
            shutil.copyfile(Path(folder, "out", "checkpoint-1", name), kept / name)
        os.chdir("/")


if __name__ == "__main__":
    main()
