"""The digest of a study: what its runs import decides it, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.study import sources


@pytest.fixture(scope='module')
def modules() -> dict[str, Path]:
    return sources.imported_modules(sources.START)


@pytest.mark.parametrize(
    'name',
    [
        'experiments.study.training',
        'jmpose_mm.datasets.transforms.topdown_clip',
        'jmpose_mm.evaluation.metrics.posetrack_ap_metric',
        'jmpose_mm.functional.evaluation.posetrack_matching',
        'jmpose_mm.codecs.released_heatmap',
        'jmpose_mm.models.necks.joint_motion_neck',
        'jmpose_mm.engine.autocast_optim_wrapper',
        'jmpose_mm.apis.train_and_test',
    ],
)
def test_imported_modules__have_what_decides_a_result(name: str, modules: dict[str, Path]) -> None:
    assert modules[name].is_file()


@pytest.mark.parametrize(
    'name',
    [
        'experiments.study.study_report',
        'experiments.study.table',
        'experiments.study.scheduling',
        'jmpose_mm.video.inferencer',
        'jmpose_mm.apis.export',
        'jmpose_mm.datasets.conversion.hieve',
    ],
)
def test_imported_modules__leave_out_what_does_not(name: str, modules: dict[str, Path]) -> None:
    assert sources._file(name) is not None
    assert name not in modules


def hash_with(monkeypatch: pytest.MonkeyPatch, old: str, new: str, file: Path) -> str:
    """The digest if one file read otherwise."""
    read = Path.read_bytes

    def changed(path: Path) -> bytes:
        content = read(path)
        if path != file:
            return content
        assert old.encode() in content
        return content.replace(old.encode(), new.encode())

    with monkeypatch.context() as patch:
        patch.setattr(Path, 'read_bytes', changed)
        return sources.sources_hash.__wrapped__()


def test_sources_hash__code_counts_and_words_do_not(
    monkeypatch: pytest.MonkeyPatch, modules: dict[str, Path]
) -> None:
    before = sources.sources_hash()
    crop = modules['jmpose_mm.datasets.transforms.topdown_clip']
    words = ('One crop and one augmentation', 'Another sentence'), ('# Pixels.', '# Points.')
    for old, new in words:
        assert hash_with(monkeypatch, old, new, crop) == before
    assert hash_with(monkeypatch, 'rotate_prob: float = 0.6', 'rotate_prob: float = 0.5', crop) != (
        before
    )
    (config,) = [f for f in sources._configs() if f.endswith('_base_/necks/jm-pose.py')]
    assert hash_with(monkeypatch, 'num_stages=2', 'num_stages=3', Path(config)) != before
