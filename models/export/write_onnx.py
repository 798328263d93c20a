"""Checkpoint → network → ONNX file, and the comparison of the two."""

import importlib
import os
import tempfile
import warnings

import numpy
import onnx
import torch

from checkpoint import load_strictly, read_checkpoint
from refusal import Refusal

#: Operator set that every provider of onnxruntime knows.
OPSET = 17
#: Sizes that a detector is traced at and checked at: neither square nor the same.
TRACED_AT = (96, 128)
CHECKED_AT = ((96, 128), (160, 64))
#: How far onnxruntime may be from PyTorch, as a share of the largest value of an output.
TOLERANCE = 1e-3


def export(name, target, checkpoint, output, check):
    network = importlib.import_module(f"networks.{target.network}")
    state = network.rename(read_checkpoint(checkpoint))
    model = load_strictly(network.build(state, **target.options), state, name)
    folder = os.path.dirname(os.path.abspath(output))
    if not os.path.isdir(folder):
        raise Refusal(f"{folder} is no folder")
    # The file takes its name only when it is whole, and checked where that was asked for.
    handle, draft = tempfile.mkstemp(suffix=".onnx.tmp", dir=folder)
    os.close(handle)
    try:
        _trace(model, target, draft)
        if check:
            _compare(model, target, draft)
        os.chmod(draft, 0o644)
        os.replace(draft, output)
    finally:
        if os.path.exists(draft):
            os.unlink(draft)


def _trace(model, target, path):
    # The exporter takes no name that is a number; the catalog has some.
    renamed = {f"output_{at}": name for at, name in enumerate(target.outputs)}
    axes = {"input_0": {0: "n"}}
    if target.size is None:
        axes["input_0"].update({2: "h", 3: "w"})
    for output in renamed:
        axes[output] = {0: "n", 1: "anchors"} if target.size is None else {0: "n"}
    example = torch.zeros(1, 3, *(target.size or TRACED_AT))
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            (example,),
            path,
            input_names=["input_0"],
            output_names=list(renamed),
            dynamic_axes=axes,
            opset_version=OPSET,
            do_constant_folding=True,
            # The newer exporter leaves batch norms beside their convolutions and renames dimensions.
            dynamo=False,
        )
    _rename(path, {"input_0": target.input, **renamed})


def _rename(path, names):
    model = onnx.load(path)
    for value in (*model.graph.input, *model.graph.output):
        value.name = names.get(value.name, value.name)
    for node in model.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _compare(model, target, path):
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    random = numpy.random.default_rng(7)
    for size in (target.size,) if target.size else CHECKED_AT:
        for count in (1, 2):
            pixels = random.normal(0, 1, (count, 3, *size)).astype(numpy.float32)
            got = session.run(list(target.outputs), {target.input: pixels})
            with torch.no_grad():
                wanted = model(torch.from_numpy(pixels))
            wanted = wanted if isinstance(wanted, tuple) else (wanted,)
            for output, one, other in zip(target.outputs, got, wanted):
                other = other.numpy()
                if one.shape != other.shape:
                    raise Refusal(f'"{output}" has shape {one.shape} in onnxruntime, {other.shape} in PyTorch')
                off = float(numpy.abs(one - other).max() / max(1e-6, numpy.abs(other).max()))
                if not off <= TOLERANCE:
                    raise Refusal(f'"{output}" is off by {off:.2g} of its largest value, at most {TOLERANCE} is taken')
                print(f"checked {output} {list(one.shape)}: off by {off:.2g} of its largest value")
