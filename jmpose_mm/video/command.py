"""What ``tools/infer_video.py`` asks for, done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jmpose_mm.errors import UsageError
from jmpose_mm.video.frames.sources import open_source
from jmpose_mm.video.inferencer import VideoPoseInferencer
from jmpose_mm.video.running import VideoOutputs, infer_video

__all__ = ['run_command']


def run_command(
    input: str, config: str, checkpoint: str, out_dir: str, **options: Any
) -> list[str]:
    """Run on a video as the command line says, and print where things are.

    Args:
        input: See :func:`open_source`.
        config: Path or packaged name.
        checkpoint: Its weights.
        out_dir: Where to.
        options: The other options by name.

    Returns:
        A line for each thing that could not be read.

    Raises:
        UsageError: What was asked for does not exist or does not fit together.
    """
    source = open_source(input, options['start'], options['end'], options['stride'])
    boxes = options['boxes'] or options['detector']
    smooth = options['smooth']
    if options['layer'] and smooth not in (None, 'one-euro'):
        raise UsageError(
            f'--layer: expected no --smooth {smooth}, whose film is drawn from poses without maps'
        )
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
    model = inferencer.model
    protocol = {
        'config': Path(config).name,
        'checkpoint': Path(checkpoint).name,
        'boxes': f'{getattr(inferencer.boxes, "name", boxes)}, every {options["det_every"]}',
        'crop': options['crop'],
        'frame_offsets': list(model.frame_offsets),
        'latency': f'{inferencer.engine.latency} frames',
        'flip_test': model.flip_test,
        'dtype': options['dtype'],
        'smoothing': smooth if smooth == 'one-euro' else None,
    }
    outputs = VideoOutputs(
        film=not options['no_video'],
        drawing={'boxes': options['draw_boxes'], 'trail': options['trail']},
        beside=options['beside'],
        smoothing=None if smooth == 'one-euro' else smooth,
    )
    recording = infer_video(inferencer, source, out_dir, outputs, protocol, options['resume'])
    print(f'{len(recording)} frames; {out_dir}: {", ".join(sorted(_names(Path(out_dir))))}')
    return recording.problems


def _names(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir() if not file.name.startswith('.')]
