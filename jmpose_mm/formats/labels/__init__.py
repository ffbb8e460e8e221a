"""Own labels as annotation programs export them, each made into a document of COCO's layout.

====================================  ============================================================
program                               what is read
====================================  ============================================================
CVAT, Roboflow, SLEAP, supervision    COCO keypoint JSON, in each one's dialect
Label Studio                          its COCO JSON, its JSON and its JSON-MIN
DeepLabCut                            ``CollectedData_*.csv`` or ``.h5``, and its COCO JSON
labelme                               one JSON file an image
====================================  ============================================================
"""

from jmpose_mm.formats.labels.label_files import Labels, read_labels

__all__ = ['Labels', 'read_labels']
