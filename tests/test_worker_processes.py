"""Workers end with the process that started them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jmpose_mm.datasets.synthetic import make_synthetic

# Batches are pickled to more than a pipe holds, so that the worker waits to hand one over.
LOADING = """
import sys, time
from torch.utils.data import DataLoader
from jmpose_mm.datasets import PoseTrackClipDataset

if __name__ == '__main__':
    file, root, start = 'annotations/posetrack18_train.json', *sys.argv[1:]
    data = PoseTrackClipDataset(file, data_root=root)
    options = dict(num_workers=2, collate_fn=list, multiprocessing_context=start)
    found = iter(DataLoader(data, 64, **options))
    print(*(worker.pid for worker in found._workers), file=sys.stderr, flush=True)
    next(found)
    time.sleep(60)
"""


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.skipif(os.name == 'nt', reason='processes are asked for by signals')
@pytest.mark.parametrize('start', ['fork', 'spawn'])
def test_loader_workers__end_with_a_killed_run(start: str, tmp_path: Path) -> None:
    counts = {'videos_train': 2, 'videos_val': 0, 'frames': 40, 'size': (96, 72)}
    make_synthetic(tmp_path, workers=1, progress=False, **counts)
    file = tmp_path / 'loading.py'
    file.write_text(LOADING)
    command = [sys.executable, str(file), str(tmp_path), start]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        workers = [int(word) for word in run.stderr.readline().split()]
        time.sleep(3)  # until they wait
        run.kill()
    assert len(workers) == 2
    latest = time.monotonic() + 30
    while any(map(_lives, workers)) and time.monotonic() < latest:
        time.sleep(0.1)
    left = [worker for worker in workers if _lives(worker)]
    for worker in left:
        os.kill(worker, 9)
    assert left == []
