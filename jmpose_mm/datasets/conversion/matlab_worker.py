"""Reads Matlab files for another process, which survives what a damaged one does to this one.

Run as a script: for each line on stdin, a path as JSON, it writes one pickle to stdout: ``(True,
variables)`` or ``(False, message)``. It imports scipy and nothing else of weight.
"""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path
from typing import Any


def read(path: str) -> tuple[bool, Any]:
    """The variables of a file as arrays, dicts and lists, or what is wrong with it."""
    from scipy.io import loadmat

    try:
        return True, loadmat(path, simplify_cells=True)
    except NotImplementedError:
        return False, (
            'expected a Matlab file of version 5 to 7.2, got 7.3; write it again in Matlab or '
            "Octave with save(..., '-v7')"
        )
    except FileNotFoundError:
        return False, 'expected a Matlab file, found no file'
    # a damaged file makes scipy raise nearly anything, zlib's and struct's own errors included
    except BaseException as error:
        return False, f'expected a Matlab file, got {type(error).__name__}: {error}'


def main() -> None:
    """Answer until stdin ends."""
    for line in sys.stdin:
        answer = read(json.loads(line))
        try:
            content = pickle.dumps(answer)
        except Exception as error:
            content = pickle.dumps((False, f'expected a Matlab file of plain values, got {error}'))
        sys.stdout.buffer.write(len(content).to_bytes(8, 'little') + content)
        sys.stdout.buffer.flush()


if __name__ == '__main__':
    # the modules beside this one are no packages of the environment
    sys.path[:] = [entry for entry in sys.path if entry != str(Path(__file__).parent)]
    main()
