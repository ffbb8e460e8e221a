"""Requirements of the host, and the line that installs what it lacks.

The wheel requires none of these. Several distributions provide the same module (four of OpenCV, two
of mmengine), and pip would install its own beside or over the one that is there.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec

__all__ = ['install_line', 'missing_modules']

# module -> what pip installs; the second group without its requirements, which are wrong for us
PLAIN = {
    'torch': 'torch',
    'torchvision': 'torchvision',
    'cv2': 'opencv-python-headless',
    'scipy': 'scipy',
    'matplotlib': 'matplotlib',
    'PIL': 'pillow',
    'tqdm': 'tqdm',
    'addict': 'addict',
    'json_tricks': 'json-tricks',
    'munkres': 'munkres',
    'packaging': 'packaging',
    'pkg_resources': 'setuptools<82',
    'pycocotools': 'pycocotools',
    'yaml': 'pyyaml',
    'rich': 'rich',
    'shapely': 'shapely',
    'six': 'six',
    'termcolor': 'termcolor',
    'terminaltables': 'terminaltables',
    'yapf': 'yapf',
}
WITHOUT_DEPENDENCIES = {
    'mmengine': 'mmengine>=0.10,<0.11',
    'mmcv': 'mmcv-lite>=2.0.1,<2.2',
    'mmpose': 'mmpose>=1.3,<1.4',
}


def missing_modules() -> list[str]:
    """Names of the modules that mmpose and this package import and that are not installed."""
    missing = [name for name in (*PLAIN, *WITHOUT_DEPENDENCIES) if not _is_installed(name)]
    # It is wanted as the stand-in of xtcocotools alone (coco_tools.py).
    if 'pycocotools' in missing and _is_installed('xtcocotools'):
        missing.remove('pycocotools')
    return missing


def _is_installed(name: str) -> bool:
    # A module that somebody has put in place need not be findable.
    return name in sys.modules or find_spec(name) is not None


def install_line(missing: list[str]) -> str:
    """The command that installs the distributions of these modules."""
    parts = []
    for options, group in (('', PLAIN), ('--no-deps ', WITHOUT_DEPENDENCIES)):
        wanted = [f'"{group[name]}"' for name in missing if name in group]
        if wanted:
            parts.append(f'pip install {options}' + ' '.join(wanted))
    return ' && '.join(parts)
