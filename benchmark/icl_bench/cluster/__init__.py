"""Work beyond one machine: parts of it for any scheduler, and jobs of Slurm, which are submitted by submitit.

A piece of work (`work.py`) is a training run, a baseline on a task or the evaluation of a model. A job does
some of them, one after the other (`job.py`). What belongs to which job is fixed when it is submitted and kept
in files (`submitted.py`), so whoever submits again submits no piece that a job has, and no file is locked:
locks of shared file systems may hold on one node alone.
"""
