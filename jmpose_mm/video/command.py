"""What ``tools/infer_video.py`` asks for, done."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from jmpose_mm.errors import UsageError, without_credentials
from jmpose_mm.video.frames.sources import FrameSource, open_source
from jmpose_mm.video.inferencer import VideoPoseInferencer
from jmpose_mm.video.running import VideoOutputs, infer_video, output_folder

__all__ = ['run_command']


def run_command(
    input: str, config: str, checkpoint: str, out_dir: str, **options: Any
) -> list[str]:
    """Run on a video as the command line says, and print where things are.

    Args:
        input: See :func:`open_source`.
        config: Path or packaged name.
        checkpoint: Weights of the model.
        out_dir: Where to.
        options: The other options by name.

    Returns:
        A line for each thing that could not be done.

    Raises:
        UsageError: A named thing does not exist or does not fit together.
    """
    smooth = options['smooth']
    if not 0 < options['lost'] < float('inf'):
        raise UsageError(f'lost: expected seconds above 0, got {options["lost"]}')
    if options['layer'] and smooth not in (None, 'one-euro'):
        raise UsageError(
            f'layer: expected no --smooth {smooth}, whose film is drawn from poses without maps'
        )
    boxes = options['boxes'] or options['detector']
    source = open_source(input, options['start'], options['end'], options['stride'], options['fps'])
    outputs = VideoOutputs(
        film=not options['no_video'],
        drawing={'boxes': options['draw_boxes'], 'trail': options['trail']},
        beside=options['beside'],
        smoothing=None if smooth == 'one-euro' else smooth,
        codec=options['codec'],
        quality=options['quality'],
    )
    again = {name: options[name] for name in ('resume', 'overwrite')}
    # Before the model is loaded: mistakes are said at once.
    with output_folder(out_dir, source, outputs, None, [boxes, config, checkpoint]).held(**again):
        pass
    inferencer = VideoPoseInferencer(
        config,
        checkpoint,
        options['device'],
        boxes,
        options['det_every'],
        one_euro={} if smooth == 'one-euro' else None,
        engine={name: options[name] for name in ('crop', 'causal', 'layer')},
        model={'dtype': options['dtype'], 'compile': options['compile']},
    )
    inferencer.lost = options['lost']
    protocol = _protocol(inferencer, source, checkpoint, options)
    recording = infer_video(inferencer, source, out_dir, outputs, protocol, **again)
    for note in recording.notes:
        print(f'note: {note}', file=sys.stderr)
    print(f'{len(recording)} frames; {out_dir}: {", ".join(sorted(_names(Path(out_dir))))}')
    return recording.problems


def _protocol(
    inferencer: VideoPoseInferencer, source: FrameSource, checkpoint: str, options: dict[str, Any]
) -> dict[str, Any]:
    """What the poses depend on."""
    from jmpose_mm.engine.provenance import file_digest, run_record

    model, boxes, span = inferencer.model, inferencer.boxes, source.span
    record = run_record(model.cfg, checkpoint)
    path = getattr(boxes, 'path', None)
    return {
        'config': record['config']['name'],
        'checkpoint': Path(without_credentials(checkpoint)).name,
        'sha256': {
            'config': record['config']['sha256'],
            'checkpoint': record['checkpoint'] and record['checkpoint']['sha256'],
            **({'boxes': file_digest(path)} if path else {}),
        },
        'boxes': f'{getattr(boxes, "name", "own detector")}, every {inferencer.detect_every}',
        'lost': f'{inferencer.lost} s',
        'frames': {'start': span.start, 'stride': span.stride},
        'crop': options['crop'],
        'frame_offsets': list(model.frame_offsets),
        'latency': f'{inferencer.latency} frames',
        'flip_test': model.flip_test,
        'dtype': options['dtype'],
        'smoothing': options['smooth'],
        'versions': record['versions'],
    }


def _names(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir() if not file.name.startswith('.')]
