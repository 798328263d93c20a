"""The usual kind of search in Python, as a yardstick: one matrix product of the gallery with all probes, the nearest few
by argpartition, then their distinct subjects.

    pip install numpy
    python numpy_search.py ROWS WIDTH PROBES SUBJECTS [--threads N]

It reads float32 from stdin, first the rows, then the probes, all of unit length; row i belongs to subject i % SUBJECTS.
For each line on stdin after that it searches once and prints a line of JSON: milliseconds, and the subjects found.
"""
import argparse
import json
import os
import sys
import time

arguments = argparse.ArgumentParser()
arguments.add_argument("rows", type=int)
arguments.add_argument("width", type=int)
arguments.add_argument("probes", type=int)
arguments.add_argument("subjects", type=int)
arguments.add_argument("--threads", type=int, default=os.cpu_count())
o = arguments.parse_args()
for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[name] = str(o.threads)

import numpy as np  # noqa: E402  reads the number of threads when it is loaded

AHEAD = 16  # templates that are looked at for two distinct subjects


def floats(count):
    return np.frombuffer(sys.stdin.buffer.read(count * 4), np.float32)


gallery = floats(o.rows * o.width).reshape(o.rows, o.width)
probes = floats(o.probes * o.width).reshape(o.probes, o.width)
subject = np.arange(o.rows) % o.subjects
ahead = min(AHEAD, o.rows)
for line in sys.stdin.buffer:
    count = int(line)
    started = time.perf_counter()
    similarity = gallery @ probes[:count].T if count > 1 else (gallery @ probes[0])[:, None]
    similarity = np.ascontiguousarray(similarity.T)
    near = np.argpartition(similarity, o.rows - ahead, axis=1)[:, o.rows - ahead :]
    found = []
    for p in range(count):
        order = near[p][np.argsort(-similarity[p][near[p]])]
        found.append(list(dict.fromkeys(subject[order].tolist()))[:2])
    print(json.dumps({"ms": (time.perf_counter() - started) * 1e3, "found": found}), flush=True)
