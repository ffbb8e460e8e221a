"""From films to a trained model of several frames: five steps, each done once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path

from jmpose_mm.apis.publish import publish_model
from jmpose_mm.apis.train_and_test import prepare_training, train
from jmpose_mm.apis.video_training.chosen_frames import choose_frames
from jmpose_mm.apis.video_training.film_poses import RecordedBoxes, make_poses, read_film_poses
from jmpose_mm.apis.video_training.image_models import (
    check_joints,
    image_model,
    weights_file,
)
from jmpose_mm.apis.video_training.options import FewLabelOptions
from jmpose_mm.apis.video_training.pseudo_labels import FilmLabels, film_labels, full_score
from jmpose_mm.apis.video_training.student_data import write_student_data
from jmpose_mm.apis.video_training.student_page import Student, write_page
from jmpose_mm.apis.video_training.true_labels import TruePerson, read_true_labels
from jmpose_mm.apis.video_training.work_folder import WorkFolder, file_facts
from jmpose_mm.datasets.conversion.own_data.config_facts import Teacher
from jmpose_mm.engine.configs import load_config
from jmpose_mm.engine.provenance import config_record
from jmpose_mm.errors import UsageError
from jmpose_mm.video.film_lists import film_names, films_in
from jmpose_mm.video.frames.sources import open_source
from jmpose_mm.video.inferencer import VideoPoseInferencer
from jmpose_mm.video.people.box_files import one_video_note
from jmpose_mm.video.people.boxes import box_source
from jmpose_mm.video.people.person_choice import PersonChoice
from jmpose_mm.video.records import FramePoses
from jmpose_mm.whole_files import alone_in

__all__ = ['train_on_videos']

STEPS = 5
PAGE = 'report.html'


def train_on_videos(options: FewLabelOptions) -> Path:
    """Train a model of several frames on films, by a teacher's poses and a few labels.

    What is finished stays, and the same call goes on after an interruption.

    Args:
        options: Films, models and settings.

    Returns:
        The student's weights, in the folder of its config and its page.

    Raises:
        UsageError: Something cannot be used; before anything is written where that can be known.
    """
    work = _Work(options)
    with alone_in(options.work_dir):
        work.folder.begin()
        return work.do()


class _Work:
    """All that a work holds.

    Args:
        options: Films, models and settings, which are checked here.
    """

    def __init__(self, options: FewLabelOptions) -> None:
        options.check()
        self.options, self.root = options, Path(options.work_dir)
        found = films_in(list(options.videos)) or list(options.videos)
        self.films = {name: film for film, name in film_names(found).items()}
        files = [file for film in found for file in _files(film)]
        self.teacher = image_model(options.teacher)
        self.start = image_model(options.start or options.teacher)
        check_joints(self.teacher, self.start)
        _ = self.start.backbone, self.start.skeleton, self.truth
        given = {'films': [file_facts(file) for file in files]}
        for name in ('labels', 'boxes'):
            if getattr(options, name) is not None:
                given[name] = [file_facts(getattr(options, name))]
        models = self.teacher, self.start
        given['configs'] = [config_record(model.cfg)['sha256'] for model in models]
        self.weights = [weights_file(m, options.weights_dir) for m in models]
        given['weights'] = [file_facts(file) for file in self.weights]
        self.folder = WorkFolder(self.root, {**options.deciding(), **given})

    @cached_property
    def truth(self) -> dict[str, dict[int, list[TruePerson]]]:
        """The few labels, by film and frame."""
        if self.options.labels is None:
            return {}
        return read_true_labels(self.options.labels, self.teacher.joints, self.films)

    @cached_property
    def poses(self) -> dict[str, list[FramePoses]]:
        """The teacher's poses."""
        return {name: read_film_poses(self.root / 'teacher' / name) for name in self.films}

    @cached_property
    def labels(self) -> dict[str, FilmLabels]:
        """What is learnt."""
        full = full_score(self.poses.values())
        sigmas = [float(sigma) for sigma in self.teacher.meta['sigmas']]
        return {
            name: film_labels(frames, sigmas, full, self.truth.get(name), self.options.agree)
            for name, frames in self.poses.items()
        }

    @cached_property
    def chosen(self) -> dict[str, list[int]]:
        """Frames that are trained on."""
        return choose_frames(self.labels, self.options.frames)

    @property
    def config(self) -> Path:
        """The student's."""
        return self.root / 'configs' / f'{self.options.method}.py'

    def do(self) -> Path:
        """The steps."""
        self._step(1, 'poses', "the teacher's poses", self._label)
        self._step(2, 'data', 'frames, labels and config', self._write)
        self._step(3, 'training', f'{self.options.method} is trained', self._train)
        student = self.root / self.folder.steps['training'][0]
        self._step(4, 'student', "the student's poses", lambda: self._see(student))
        self._step(5, 'page', 'what was learnt, and what changed', lambda: self._tell(student))
        return student

    def _step(self, number: int, name: str, title: str, work: Callable[[], Iterable[Path]]) -> None:
        if self.folder.is_finished(name):
            _say(f'[{number}/{STEPS}] {title}: finished before')
            return
        _say(f'[{number}/{STEPS}] {title}')
        self.folder.make(name, work)

    def _label(self) -> list[Path]:
        options = self.options
        boxes = box_source(
            options.boxes or options.detector,
            options.min_score,
            options.device,
            options.weights_dir,
        )
        if note := one_video_note(boxes, len(self.films)):
            _say(note)
        inferencer = VideoPoseInferencer(
            self.teacher.cfg, self.weights[0], options.device, boxes, options.detect_every
        )
        inferencer.lost = options.lost
        inferencer.choice = PersonChoice.parse(options.max_persons, None, options.min_score)
        return self._inferred('teacher', inferencer)

    def _inferred(self, folder: str, inferencer: VideoPoseInferencer) -> list[Path]:
        made = []
        for number, (name, film) in enumerate(self.films.items(), 1):
            _say(f'film {number} of {len(self.films)}: {film}')
            if folder == 'student':
                inferencer.boxes = RecordedBoxes(self.poses[name])
            made.append(make_poses(inferencer, film, self.root / folder / name).path)
        return made

    def _write(self) -> list[Path]:
        for name, frames in self.truth.items():
            known = self.labels[name].frames
            beyond = sorted(set(frames) - set(known))
            if beyond:
                raise UsageError(
                    f'{self.options.labels}: expected frames of {self.films[name]}, which has '
                    f'{min(known)} to {max(known)}, got {beyond[0]}'
                )
        teacher = Teacher(self.weights[1], self.options.degraded, self.options.iterations)
        return write_student_data(
            self.root,
            self.films,
            self.labels,
            self.chosen,
            self.start,
            self.options.method,
            teacher,
        )

    def _train(self) -> list[Path]:
        cfg = load_config(str(self.config))
        device = self.options.device
        runner = train(prepare_training(cfg, resume='auto', device=device), device)
        last = Path(runner.work_dir, 'last_checkpoint').read_text(encoding='utf-8').strip()
        return [publish_model(last, self.root / 'student.pth')]

    def _see(self, student: Path) -> list[Path]:
        nobody = RecordedBoxes([])
        inferencer = VideoPoseInferencer(self.config, student, self.options.device, nobody)
        return self._inferred('student', inferencer)

    def _tell(self, student: Path) -> list[Path]:
        seen = {name: read_film_poses(self.root / 'student' / name) for name in self.films}
        told = Student(self.films, self.labels, self.chosen, self.poses, seen, self.config, student)
        facts = {'teacher': self.teacher.chosen.name, 'method': self.options.method}
        write_page(self.root / PAGE, told, facts)
        return [self.root / PAGE]


def _files(film: str) -> tuple[str, ...]:
    """What is read of a film, which must be there the next time too."""
    files = open_source(film).files
    if not files:
        raise UsageError(f'{film}: expected a film or a folder of images on disk, got a stream')
    return files


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
