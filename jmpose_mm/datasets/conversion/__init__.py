"""Official downloads made into what the configs read; see docs/datasets.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jmpose_mm.datasets.conversion.dataset_format import DatasetFormat
from jmpose_mm.datasets.conversion.hieve import HieveFormat
from jmpose_mm.datasets.conversion.posetrack17 import PoseTrack17Format
from jmpose_mm.datasets.conversion.posetrack18 import PoseTrack18Format, PoseTrack21Format
from jmpose_mm.datasets.conversion.resumable_conversion import run_conversion
from jmpose_mm.datasets.conversion.split_counts import counts_table
from jmpose_mm.datasets.conversion.sub_jhmdb import SubJhmdbFormat

__all__ = ['FORMATS', 'convert_dataset', 'counts_table']

FORMATS: dict[str, type[DatasetFormat]] = {
    dataset.name: dataset
    for dataset in (
        PoseTrack17Format,
        PoseTrack18Format,
        PoseTrack21Format,
        SubJhmdbFormat,
        HieveFormat,
    )
}


def convert_dataset(
    name: str,
    src: str | Path,
    out: str | Path,
    progress: bool = True,
    copy: bool = False,
    **options: Any,
) -> dict[str, Any]:
    """Convert a download; a second run skips the videos that are finished.

    Args:
        name: One of `FORMATS`.
        src: Folder of the download; it is only read.
        out: Folder of the converted data set, which refers to the images of ``src`` by links.
        progress: Show a progress bar.
        copy: Copy images where links cannot be made.
        **options: Options of the data set, e.g. ``val_videos`` of HiEve.

    Returns:
        The report, which is stored in ``OUT/conversion.json``.

    Raises:
        UsageError: Something of the download is missing or unusable; with its path and key.
    """
    dataset = FORMATS[name](Path(src), Path(out), **options)
    dataset.copies_images = copy
    return run_conversion(dataset, progress)
