"""Time GAIN of hyperimpute, in its own environment.

Run as ``python worker_hyperimpute.py TABLE N_STEPS`` with a ``.npy`` file; the CPU
seconds of the fit are the last line that it prints.
"""

import sys
import time

import numpy as np
import torch
from hyperimpute.plugins.imputers.plugin_gain import GainImputation

path, n_steps = sys.argv[1:]
torch.set_num_threads(1)
X = torch.tensor(np.load(path))
imputer = GainImputation(batch_size=128, n_epochs=int(n_steps))  # an epoch is a step
start = time.process_time()
imputer.fit(X)
print(time.process_time() - start)
