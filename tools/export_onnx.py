"""Export a trained model as ONNX."""

from __future__ import annotations

import argparse
import sys


def main() -> int:
    """Parse the command line and do it."""
    parser = argparse.ArgumentParser(
        description='Write a model as ONNX (opset 17, dynamic batch), checked against PyTorch with '
        'onnxruntime. Input: preprocessed frames (B, T, 3, H, W); output: heatmaps (B, K, h, w).'
    )
    parser.add_argument('config', help='a path, or the file name of a config of this package')
    parser.add_argument('checkpoint', help='its weights')
    parser.add_argument('out', metavar='OUT.onnx', help='file to write')
    parser.add_argument(
        '--two-parts',
        action='store_true',
        help='write OUT_backbone.onnx and OUT_neck.onnx: each frame passes the backbone once',
    )
    arguments = parser.parse_args()
    from jmpose_mm.apis.export import export_onnx
    from jmpose_mm.errors import UsageError

    try:
        files = export_onnx(
            arguments.config, arguments.checkpoint, arguments.out, arguments.two_parts
        )
    except UsageError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    print(*files, sep='\n')
    return 0


if __name__ == '__main__':
    sys.exit(main())
