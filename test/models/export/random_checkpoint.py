"""random_checkpoint.py EXPORT_FOLDER MODEL FILE [renamed]: a checkpoint of that architecture with random weights."""

import importlib
import re
import sys

sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True

import torch  # noqa: E402
from targets import TARGETS  # noqa: E402

name, file = sys.argv[2], sys.argv[3]
target = TARGETS[name]
torch.manual_seed(3)
network = importlib.import_module(f"networks.{target.network}").build({}, **target.options)
state = network.state_dict()
for key, value in state.items():
    if key.endswith("running_mean"):
        value.normal_(0, 0.1)
    if key.endswith("running_var"):
        value.uniform_(0.5, 1.5)
if "yakhyo" in sys.argv:
    # The other public layout of the same networks.
    rules = [
        (r"^body\.(stage\d\.(?!0\.)\d+|stage[23]\.0)\.([01])\.", r"fx.\1.0.\2."),
        (r"^body\.(stage\d\.(?!0\.)\d+|stage[23]\.0)\.3\.", r"fx.\1.1.0."),
        (r"^body\.(stage\d\.(?!0\.)\d+|stage[23]\.0)\.4\.", r"fx.\1.1.1."),
        (r"^body\.", "fx."),
        (r"^(Class|Bbox|Landmark)Head\.(\d)\.conv1x1\.", lambda m: f"{m[1].lower()}_head.{m[1].lower()}_head.{m[2]}."),
    ]

    def other(key):
        for pattern, replacement in rules:
            key = re.sub(pattern, replacement, key)
        return key

    state = {other(key): value for key, value in state.items()}
if "wrapped" in sys.argv:
    state = {"epoch": 9, "state_dict": {f"module.{key}": value for key, value in state.items()}}
torch.save(state, file)
