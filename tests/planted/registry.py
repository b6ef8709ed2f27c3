"""All planted bugs, planted before the generators and mutators that they measure were seen."""

from __future__ import annotations

from tests.planted import bugs_npy, bugs_pickle, bugs_raw, bugs_safetensors, bugs_zip

BUGS = (*bugs_pickle.BUGS, *bugs_safetensors.BUGS, *bugs_npy.BUGS, *bugs_zip.BUGS, *bugs_raw.BUGS)
BY_NAME = {bug.name: bug for bug in BUGS}
