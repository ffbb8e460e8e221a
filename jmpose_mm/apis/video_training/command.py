"""What ``tools/train_on_videos.py`` asks for, done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jmpose_mm.apis.video_training.options import FewLabelOptions
from jmpose_mm.apis.video_training.student_training import train_on_videos
from jmpose_mm.errors import UsageError
from jmpose_mm.video.chosen_model import ChosenModel, chosen_model, inputs_and_model

__all__ = ['train_by_command']


def train_by_command(
    input: Sequence[str],
    model: str | None = None,
    start: Sequence[str] | None = None,
    **options: Any,
) -> str:
    """Train on films as the command line says.

    Args:
        input: Films; config and checkpoint of the teacher may stand behind them.
        model: Name of a published model, instead.
        start: A name, or config and checkpoint, that the student is built on; None for the teacher.
        options: Fields of :class:`FewLabelOptions`.

    Returns:
        A sentence that says where the student is.

    Raises:
        UsageError: Something cannot be used.
    """
    options.pop('debug', None)
    films, config, checkpoint = inputs_and_model(list(input))
    if model is None and config is None:
        raise UsageError('model: expected a teacher, --model NAME or CONFIG CHECKPOINT, got none')
    teacher = chosen_model(model, config, checkpoint)
    begun = None if start is None else _start(start)
    made = train_on_videos(
        FewLabelOptions(videos=tuple(films), teacher=teacher, start=begun, **options)
    )
    config_file = made.parent / 'configs' / f'{options["method"]}.py'
    return f'{made.parent / "report.html"}; student: {config_file} {made}'


def _start(given: Sequence[str]) -> ChosenModel:
    if len(given) > 2:
        raise UsageError(f'start: expected a name, or CONFIG CHECKPOINT, got {" ".join(given)}')
    return chosen_model(given[0]) if len(given) == 1 else chosen_model(None, given[0], given[1])
