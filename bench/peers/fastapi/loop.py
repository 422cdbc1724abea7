"""ONNX Runtime in a loop, no server: prints how many pictures a second it can do at most.

python loop.py BATCH SECONDS
"""

import sys
from time import perf_counter

import numpy as np
from classifier import Classifier

size, seconds = int(sys.argv[1]), float(sys.argv[2])
classifier = Classifier()
batch = np.random.default_rng(0).standard_normal((size, 1, 28, 28), np.float32)
for _ in range(3):
    classifier.logits(batch)
began = perf_counter()
runs = 0
while perf_counter() - began < seconds:
    classifier.logits(batch)
    runs += 1
print(runs * size / (perf_counter() - began))
