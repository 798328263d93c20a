"""The usual kind of Python script for this job, as a yardstick: OpenCV reads the film, onnxruntime runs the same two
networks at the same input size, NumPy does the rest, one frame after the other.

    pip install onnxruntime opencv-python-headless numpy
    python opencv_onnxruntime.py FILM retinaface-mobilenet025.onnx mobilefacenet-arcface-128d.onnx --frames 300

The RetinaFace file must be one that takes 640x384 (facegate's `bench` writes it and passes it). Prints one line of JSON.
"""
import argparse
import json
import time

import cv2
import numpy as np
import onnxruntime as ort

TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float32
)
MEAN = np.array([104, 117, 123], np.float32)
RGB_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
RGB_STD = np.array([0.229, 0.224, 0.225], np.float32)


def anchors(height, width):
    rows = []
    for step, sizes in ((8, (16, 32)), (16, (64, 128)), (32, (256, 512))):
        ys, xs = np.mgrid[0 : height // step, 0 : width // step]
        cells = np.stack([(xs + 0.5) * step, (ys + 0.5) * step], -1).reshape(-1, 1, 2).repeat(len(sizes), 1)
        extent = np.broadcast_to(np.array(sizes, np.float32)[None, :, None], cells.shape[:2] + (1,)).repeat(2, 2)
        rows.append(np.concatenate([cells, extent], -1).reshape(-1, 4))
    return np.concatenate(rows).astype(np.float32)


class Detector:
    def __init__(self, session, size, confidence):
        self.session, (self.width, self.height), self.confidence = session, size, confidence
        self.anchors = anchors(self.height, self.width)
        self.input = session.get_inputs()[0].name

    def __call__(self, frame):
        scale = min(self.width / frame.shape[1], self.height / frame.shape[0])
        small = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
        canvas = np.zeros((self.height, self.width, 3), np.float32)
        canvas[: small.shape[0], : small.shape[1]] = small.astype(np.float32) - MEAN
        boxes, confidences, points = self.session.run(
            ["output0", "593", "592"], {self.input: np.ascontiguousarray(canvas.transpose(2, 0, 1)[None])}
        )
        scores = confidences[0, :, 1]
        keep = scores > self.confidence
        scores, a, b, p = scores[keep], self.anchors[keep], boxes[0][keep], points[0][keep]
        centres = a[:, :2] + b[:, :2] * 0.1 * a[:, 2:]
        sizes = a[:, 2:] * np.exp(b[:, 2:] * 0.2)
        corners = np.concatenate([centres - sizes / 2, sizes], 1)
        points = (a[:, None, :2] + p.reshape(-1, 5, 2) * 0.1 * a[:, None, 2:]) / scale
        picked = cv2.dnn.NMSBoxes(corners.tolist(), scores.tolist(), self.confidence, 0.4)
        return [points[i] for i in np.array(picked).flatten()]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("film")
    arguments.add_argument("detector")
    arguments.add_argument("embedder")
    arguments.add_argument("--frames", type=int, default=300)
    arguments.add_argument("--threads", type=int, default=1)
    arguments.add_argument("--confidence", type=float, default=0.7)
    o = arguments.parse_args()
    options = ort.SessionOptions()
    options.intra_op_num_threads = o.threads
    load = lambda file: ort.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    detect = Detector(load(o.detector), (640, 384), o.confidence)
    embedder = load(o.embedder)
    name = embedder.get_inputs()[0].name

    def embed(frame, points):
        matrix, _ = cv2.estimateAffinePartial2D(points, TEMPLATE, method=cv2.LMEDS)
        crop = cv2.warpAffine(frame, matrix, (112, 112))[:, :, ::-1].astype(np.float32) / 255
        crop = ((crop - RGB_MEAN) / RGB_STD).transpose(2, 0, 1)[None]
        vector = embedder.run(None, {name: np.ascontiguousarray(crop)})[0][0]
        return vector / np.linalg.norm(vector)

    frames = embeds = 0
    started = None
    capture = cv2.VideoCapture(o.film)
    while frames < o.frames:
        good, frame = capture.read()
        if not good:
            capture = cv2.VideoCapture(o.film)
            continue
        faces = [embed(frame, points) for points in detect(frame)]
        if started is None:  # the first frame warms up
            started = time.perf_counter()
            continue
        frames += 1
        embeds += len(faces)
    seconds = time.perf_counter() - started
    print(json.dumps({"frames": frames, "embeds": embeds, "seconds": seconds, "fps": frames / seconds}))


if __name__ == "__main__":
    main()
