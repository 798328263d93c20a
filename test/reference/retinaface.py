"""RetinaFace decoded independently of facegate, as a yardstick for its boxes and landmarks.

Written from the paper (Deng et al. 2019, arXiv:1905.00641), SSD's box encoding (Liu et al. 2016) and the published
file's facts, not from the TypeScript: OpenCV resamples, the onnx package frees the graph's size, all anchors stand in one
table and are decoded at once, suppression works on a matrix of overlaps.

    python3 -m venv /tmp/reference
    /tmp/reference/bin/pip install numpy opencv-python-headless onnx onnxruntime
    /tmp/reference/bin/python retinaface.py FILM MODEL > walk-to-camera.json

Frames are decoded by ffmpeg at full size to RGB24; so are those that the test compares with.
"""
import argparse
import json
import subprocess
import sys

import cv2
import numpy as np
import onnx
import onnxruntime as ort

LONGEST = 640
PYRAMID = ((8, (16, 32)), (16, (64, 128)), (32, (256, 512)))
VARIANCE_CENTRE, VARIANCE_SIZE = 0.1, 0.2
MEAN_BGR = np.array([104, 117, 123], np.float32)
CONFIDENCE, OVERLAP = 0.7, 0.4


def of_any_size(path):
    """The published network, which takes 640x640 only, for any multiple of 32."""
    model = onnx.load(path)
    graph = model.graph
    for axis, name in ((2, "height"), (3, "width")):
        graph.input[0].type.tensor_type.shape.dim[axis].dim_param = name
    for output in graph.output:
        output.type.tensor_type.shape.dim[1].dim_param = "anchors"
    del graph.value_info[:]
    graph.initializer.append(onnx.numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "twice"))
    for node in graph.node:
        if node.op_type == "Resize":
            del node.input[1:]
            node.input.extend(["", "twice"])
    return onnx.shape_inference.infer_shapes(model).SerializeToString()


def priors(height, width):
    """Centre x, centre y, side of every anchor in pixels of the input, shape [anchors, 3]."""
    rows = []
    for stride, sides in PYRAMID:
        for y in range(height // stride):
            for x in range(width // stride):
                rows.extend(((x + 0.5) * stride, (y + 0.5) * stride, side) for side in sides)
    return np.array(rows, np.float64)


def letterboxed(rgb):
    """The picture at 640 on its longest side, top left on the mean colour, in multiples of 32.

    Resampled by area in floats: rounding to whole grey levels first moves boxes by up to 2 px of a 1080p picture.
    Returns shape [1, 3, h, w] and the picture's pixels for one of the input, in x and y.
    """
    height, width = rgb.shape[:2]
    scale = LONGEST / max(height, width)
    size = (round(width * scale), round(height * scale))
    small = cv2.resize(rgb.astype(np.float32), size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    canvas = np.zeros((-(-size[1] // 32) * 32, -(-size[0] // 32) * 32, 3), np.float32)
    canvas[: size[1], : size[0]] = small[:, :, ::-1] - MEAN_BGR
    return np.ascontiguousarray(canvas.transpose(2, 0, 1)[None]), np.array([width / size[0], height / size[1]])


def suppressed(boxes, confidences):
    """Indices of the boxes that no better kept one overlaps by more than OVERLAP, best first."""
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    corner = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = np.clip(corner - np.maximum(boxes[:, None, :2], boxes[None, :, :2]), 0, None).prod(-1)
    overlap = shared / (area[:, None] + area[None, :] - shared)
    alive = np.ones(len(boxes), bool)
    kept = []
    for index in np.argsort(-confidences, kind="stable"):
        if alive[index]:
            kept.append(index)
            alive &= overlap[index] <= OVERLAP
    return kept


def faces(session, rgb):
    """Best first: confidence, then x1 y1 x2 y2 inside the picture, then x y of eyes, nose and corners of the mouth."""
    tensor, scale = letterboxed(rgb)
    anchors = priors(*tensor.shape[2:])
    boxes, confidences, points = session.run(["output0", "593", "592"], {"input0": tensor})
    confident = confidences[0, :, 1] >= CONFIDENCE
    confidence = confidences[0, confident, 1]
    anchor, box, point = (table[confident].astype(np.float64) for table in (anchors, boxes[0], points[0]))
    centre, side = anchor[:, :2], anchor[:, 2:]
    middle = centre + box[:, :2] * VARIANCE_CENTRE * side
    half = side * np.exp(box[:, 2:] * VARIANCE_SIZE) / 2
    corners = np.concatenate([middle - half, middle + half], 1)
    landmarks = centre[:, None] + point.reshape(-1, 5, 2) * VARIANCE_CENTRE * side[:, None]
    height, width = rgb.shape[:2]
    found = []
    for index in suppressed(corners, confidence):
        x1, y1, x2, y2 = corners[index] * np.tile(scale, 2)
        inside = [max(0, x1), max(0, y1), min(width, x2), min(height, y2)]
        where = [*inside, *(landmarks[index] * scale).ravel()]
        found.append([round(float(confidence[index]), 4), *(round(float(value), 2) for value in where)])
    return found


def frames(film, width, height, count):
    command = ["ffmpeg", "-v", "error", "-i", film, "-frames:v", str(count), "-pix_fmt", "rgb24", "-f", "rawvideo", "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as ffmpeg:
        while len(pixels := ffmpeg.stdout.read(width * height * 3)) == width * height * 3:
            yield np.frombuffer(pixels, np.uint8).reshape(height, width, 3)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("film")
    arguments.add_argument("model")
    arguments.add_argument("--frames", type=int, default=100)
    arguments.add_argument("--size", default="1920x1080")
    given = arguments.parse_args()
    width, height = map(int, given.size.split("x"))
    session = ort.InferenceSession(of_any_size(given.model), providers=["CPUExecutionProvider"])
    found = [faces(session, frame) for frame in frames(given.film, width, height, given.frames)]
    rows = ",\n".join(f"  {json.dumps(frame, separators=(',', ':'))}" for frame in found)
    sys.stdout.write(f"[\n{rows}\n]\n")


if __name__ == "__main__":
    main()
