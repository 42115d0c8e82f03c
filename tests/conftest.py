"""Two threads at most a test process: the numbers under test must not depend on it, and CI has two cores."""

import torch

torch.set_num_threads(2)
