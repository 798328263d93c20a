#!/usr/bin/env python3
"""Turns a PyTorch checkpoint of a family that facegate knows into the ONNX file that its catalog expects.

    python3 models/export/export.py --model retinaface-resnet50 Resnet50_Final.pth retinaface-resnet50.onnx

`--list` says which models there are. `--check` runs the file with onnxruntime and compares it with PyTorch. The
checkpoint is read as data only: code that a pickle may carry is never run. Needs what requirements.txt names.
"""

import argparse
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# The folder may belong to somebody else.
sys.dont_write_bytecode = True

from refusal import Refusal  # noqa: E402
from targets import TARGETS  # noqa: E402

EXIT_REFUSED = 1
EXIT_USAGE = 2


def arguments(argv):
    parser = argparse.ArgumentParser(
        prog="export.py",
        description="Turns a PyTorch checkpoint into the ONNX file that facegate's catalog expects.",
        epilog="then: facegate models add FILE.onnx --as MODEL",
    )
    parser.add_argument("--list", action="store_true", help="print the models that can be exported, and end")
    parser.add_argument("--model", metavar="NAME", help="catalog name: what the checkpoint is")
    parser.add_argument("checkpoint", nargs="?", help="the .pth, .pt or .bin file")
    parser.add_argument("output", nargs="?", help="the .onnx file to write (default: NAME.onnx beside the checkpoint)")
    parser.add_argument("--check", action="store_true", help="compare onnxruntime's answers with PyTorch's")
    parser.add_argument("--force", action="store_true", help="replace the output where it is there already")
    given = parser.parse_args(argv)
    if given.list:
        return given
    if given.model is None:
        parser.error("--model NAME is missing; --list prints the names")
    if given.model not in TARGETS:
        parser.error(f'--model "{given.model}" cannot be exported; known are: {", ".join(TARGETS)}')
    if given.checkpoint is None:
        parser.error("the checkpoint is missing: export.py --model NAME CHECKPOINT [OUTPUT]")
    if given.output is None:
        given.output = os.path.join(os.path.dirname(given.checkpoint), f"{given.model}.onnx")
    return given


def main(argv):
    given = arguments(argv)
    if given.list:
        for name, target in TARGETS.items():
            print(f"{name}\t{target.source}")
        return 0
    try:
        if not os.path.isfile(given.checkpoint):
            raise Refusal(f"{given.checkpoint} is not there, or is no file")
        if os.path.exists(given.output) and not given.force:
            raise Refusal(f"{given.output} is there already; --force replaces it")
        try:
            from write_onnx import export
        except ModuleNotFoundError as missing:
            raise Refusal(
                f"Python's {missing.name} is not installed: "
                f"pip install -r {os.path.join(os.path.dirname(os.path.abspath(__file__)), 'requirements.txt')}"
            ) from missing
        export(given.model, TARGETS[given.model], given.checkpoint, given.output, check=given.check)
    except Refusal as refusal:
        print(f"export.py: {refusal}", file=sys.stderr)
        return EXIT_REFUSED
    print(f"{given.output}: written. Next: facegate models add {given.output} --as {given.model}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
