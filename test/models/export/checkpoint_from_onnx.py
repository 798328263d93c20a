"""checkpoint_from_onnx.py EXPORT_FOLDER MODEL ONNX FILE: the weights of a published ONNX file as a checkpoint again.

Batch norms were folded into their convolutions when the file was made; here they become norms that only add the bias.
The path of a module stands in the name of its node: /conv_23/conv/conv/Conv.
"""

import importlib
import sys

sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True

import onnx  # noqa: E402
import torch  # noqa: E402
from onnx import numpy_helper  # noqa: E402
from targets import TARGETS  # noqa: E402

name, source, file = sys.argv[2:5]
target = TARGETS[name]
network = importlib.import_module(f"networks.{target.network}").build({}, **target.options)
state = network.state_dict()
graph = onnx.load(source).graph
values = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in graph.initializer}
filled = set()


def put(key, value):
    assert key in state and state[key].shape == value.shape, (key, value.shape)
    state[key] = value
    filled.add(key)


def norm_after(module):
    """Its batch norm: the next one of a sequence, else the one that its parent calls after it."""
    parent, _, own = module.rpartition(".")
    candidates = [f"{parent}.{int(own) + 1}"] if own.isdigit() else [f"{parent}.bn", f"{parent}.{own.replace('fc', 'bn')}"]
    return next(c for c in candidates if f"{c}.running_var" in state)


for node in graph.node:
    parts = node.name.strip("/").split("/")[:-1]
    module = []
    for part in parts:
        # A sequence's child is called by its whole path below the parent: /body/stage1/stage1.0/stage1.0.0/Conv.
        if module and part.startswith(module[-1] + "."):
            module.pop()
        module.append(part)
    module = ".".join(module)
    if node.op_type == "Conv":
        put(f"{module}.weight", values[node.input[1]])
        if f"{module}.bias" in state:
            put(f"{module}.bias", values[node.input[2]])
        elif len(node.input) == 3:
            norm = norm_after(module)
            bias = values[node.input[2]]
            put(f"{norm}.bias", bias)
            put(f"{norm}.weight", torch.ones_like(bias))
            put(f"{norm}.running_mean", torch.zeros_like(bias))
            put(f"{norm}.running_var", torch.full_like(bias, 1 - 1e-5))
    elif node.op_type == "PRelu":
        put(f"{module}.weight", values[node.input[1]].flatten())
    elif node.op_type == "MatMul":
        put(f"{module}.weight", values[node.input[1]].T.contiguous())
    elif node.op_type == "BatchNormalization":
        for part, at in (("weight", 1), ("bias", 2), ("running_mean", 3), ("running_var", 4)):
            put(f"{module}.{part}", values[node.input[at]])
missing = [key for key in state if key not in filled and not key.endswith("num_batches_tracked")]
assert not missing, missing[:10]
torch.save(state, file)
