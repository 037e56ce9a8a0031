#!/bin/bash
# The script of moetui's jobs: one task of the array is one run, a line of the list $1. $2 is the Python that has moetui.
# A copy of it named slurm.sh in the workspace is used in its place. Add what your cluster needs: module load, source, export.
#SBATCH --requeue
#SBATCH --open-mode=append
set -eu
# `exec` to the end: the trainer becomes the batch step itself, so the signal before the end of its time reaches it.
exec "$2" -P -m moetui.core.cluster.start "$1"
