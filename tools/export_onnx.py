"""Export a trained model as ONNX."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        description='Write a model as ONNX (opset 17), checked against PyTorch with '
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
    parser.add_argument(
        '--batch',
        type=int,
        metavar='B',
        help='number of clips that the file takes at once; default: any, which not all backbones '
        'can (Swin and LiteHRNet need a fixed one)',
    )
    parser.add_argument('--debug', action='store_true', help='show where an error comes from')
    return parser


def export(arguments: argparse.Namespace) -> None:
    """Export and print the files."""
    from jmpose_mm.apis.export import export_onnx

    model = (arguments.config, arguments.checkpoint)
    files = export_onnx(*model, arguments.out, arguments.two_parts, arguments.batch)
    print(*files, sep='\n')


def main() -> int:
    """Export the model that the command line names."""
    parser = make_parser()
    arguments = parser.parse_args()
    from jmpose_mm.errors import run_tool

    return run_tool(parser, arguments, export)


if __name__ == '__main__':
    sys.path.insert(0, str(Path(__file__).parent))  # where another program runs this file
    from starting import started

    sys.exit(started(main))
