"""Without xtcocotools, pycocotools reads annotation files; evaluation says what is missing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

# run apart: what is tested is the state of the imports of a whole process
WITHOUT_XTCOCOTOOLS = """
import importlib.util, sys
true_find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: (
    None if name == 'xtcocotools' else true_find_spec(name, *rest)
)
import jmpose_mm
from jmpose_mm.host import coco_tools
assert 'pycocotools' not in sys.modules, 'imported before it is needed'
from mmpose.datasets.datasets.base.base_coco_style_dataset import COCO
from mmpose.evaluation.metrics.coco_metric import COCOeval
import pycocotools.coco
assert COCO is pycocotools.coco.COCO
assert coco_tools.install_stand_in(), 'a second call is harmless'
print('ids', COCO(sys.argv[1]).getImgIds())
try:
    COCOeval(None, None, 'keypoints', None, True)
except RuntimeError as error:
    print(error)
"""


def test_stand_in__reads_annotations_and_refuses_to_evaluate(tmp_path: Path) -> None:
    file = tmp_path / 'annotations.json'
    file.write_text(json.dumps({'images': [{'id': 7}], 'annotations': [], 'categories': []}))
    result = subprocess.run(
        [sys.executable, '-c', WITHOUT_XTCOCOTOOLS, str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert 'ids [7]' in result.stdout
    assert 'pip install xtcocotools' in result.stdout
