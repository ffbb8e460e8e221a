"""Nothing outside of OUT, nothing of the user's removed, no silent copies, no half a folder."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import cv2
import official_downloads as official
import pytest

from jmpose_mm.datasets.conversion import (
    convert_dataset,
    counts_table,
    matlab_files,
    resumable_conversion,
)
from jmpose_mm.datasets.conversion.links import check_inside, inner_path, is_link_to, link_folder
from jmpose_mm.errors import UsageError

VAL17 = 'annotations/val/000522_bonn_relpath_5sec_testsub.json'
FOLDER17 = 'images_renamed/bonn_5sec/000522_bonn'


def state_of(folder: Path) -> dict[str, Any]:
    """Every entry below a folder: where a link leads, or the bytes."""
    return {
        str(file.relative_to(folder)): os.readlink(file) if file.is_symlink() else file.read_bytes()
        for file in folder.rglob('*')
        if file.is_symlink() or file.is_file()
    }


def convert(name: str, root: Path, **options: Any) -> dict[str, Any]:
    return convert_dataset(name, root, root.parent / 'out', progress=False, **options)


# ----------------------------------------------------------------------------- inside of OUT alone
@pytest.mark.parametrize('name', ['/etc/x', '../x', 'a/../../x', 'C:\\x', 'a\x00b', '', 'C:/x'])
def test_inner_path__refuses_what_leads_elsewhere(name: str) -> None:
    with pytest.raises(UsageError, match=r'split\.txt: expected a name below the folder'):
        inner_path(name, 'split.txt')


@pytest.mark.parametrize('name', ['a', 'a/b.c', './a', 'A!(b)_run_f_0'])
def test_inner_path__takes_names_below(name: str) -> None:
    assert str(inner_path(name, 'split.txt')) == name.removeprefix('./')


@pytest.mark.parametrize('where', ['absolute', 'upwards', 'from images'])
def test_posetrack17__names_that_lead_elsewhere_are_refused(where: str, tmp_path: Path) -> None:
    root = official.write_posetrack17(tmp_path / 'download', matlab=False)
    mine = tmp_path / 'mine'
    mine.mkdir()
    (mine / 'notes').symlink_to('/etc/hostname')
    folder = {
        'absolute': str(mine),
        'upwards': 'images/../../../mine',
        'from images': 'images//mine/..',
    }[where]
    content = json.loads((root / VAL17).read_text())
    for number, frame in enumerate(content['annolist'], 1):
        official.paint(mine / f'{number:08d}.jpg', number)
        frame['image'][0]['name'] = f'{folder}/{number:08d}.jpg'
    (root / VAL17).write_text(json.dumps(content))
    before = state_of(mine)
    with pytest.raises(ValueError, match=r'000522_bonn\S+\.json.*expected a name below'):
        convert('posetrack17', root)
    assert state_of(mine) == before


def test_posetrack17__own_links_in_the_target_stay(tmp_path: Path) -> None:
    root = official.write_posetrack17(tmp_path / 'download', matlab=False)
    target = tmp_path / 'out' / FOLDER17
    target.mkdir(parents=True)
    official.paint(tmp_path / 'mine.jpg', 1)
    (target / '00000001.jpg').symlink_to(tmp_path / 'mine.jpg')
    with pytest.raises(UsageError, match='expected nothing or links, found files of another'):
        convert('posetrack17', root)
    assert (target / '00000001.jpg').samefile(tmp_path / 'mine.jpg')


@pytest.mark.parametrize('inner', ['annotations', 'jsons', 'images_renamed'])
def test_folders_of_out__that_are_links_out_of_it_are_refused(inner: str, tmp_path: Path) -> None:
    root = official.write_posetrack17(tmp_path / 'download', matlab=False)
    (tmp_path / 'mine').mkdir()
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out' / inner).symlink_to(tmp_path / 'mine')
    with pytest.raises(UsageError, match='expected a place below'):
        convert('posetrack17', root)
    assert list((tmp_path / 'mine').iterdir()) == []


def test_sub_jhmdb__clips_that_lead_elsewhere_are_refused(tmp_path: Path) -> None:
    root = official.write_sub_jhmdb(tmp_path / 'download')
    (root / 'sub_splits/run_test_split_1.txt').write_text('../../../../mine.avi 1\n')
    with pytest.raises(UsageError, match=r'run_test_split_1\.txt: expected a name below'):
        convert('sub-jhmdb', root)
    assert not (tmp_path / 'out').exists()


def test_check_inside__takes_an_out_that_is_itself_a_link(tmp_path: Path) -> None:
    (tmp_path / 'disk').mkdir()
    (tmp_path / 'out').symlink_to('disk')
    check_inside(tmp_path / 'out', [tmp_path / 'out' / 'a' / 'b.json'])
    with pytest.raises(UsageError):
        check_inside(tmp_path / 'out', [tmp_path / 'out' / '..' / 'b.json'])


# -------------------------------------------------------------------------------------- other links
@pytest.fixture
def no_symbolic_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows without developer mode."""

    def refused(source: Any, link: Any, *more: Any, **options: Any) -> None:
        raise OSError(22, 'A required privilege is not held by the client', str(link))

    monkeypatch.setattr('os.symlink', refused)


@pytest.fixture
def no_links(no_symbolic_links: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """And OUT on another disk."""

    def refused(source: Any, link: Any, **options: Any) -> None:
        raise OSError(errno.EXDEV, 'Invalid cross-device link', str(link))

    monkeypatch.setattr('os.link', refused)


@pytest.mark.parametrize('name', ['posetrack18', 'posetrack17', 'sub-jhmdb'])
def test_without_symbolic_links__hard_links_do(
    name: str, tmp_path: Path, no_symbolic_links: None
) -> None:
    write = {
        'posetrack17': lambda root: official.write_posetrack17(root, matlab=False),
        'posetrack18': official.write_posetrack18,
        'sub-jhmdb': official.write_sub_jhmdb,
    }[name]
    root = write(tmp_path / 'download')
    first, second = convert(name, root), convert(name, root)
    assert first['splits'] == second['splits']
    assert 'images' not in second
    suffixes = ('.jpg', '.png')
    out = [file for file in (tmp_path / 'out').rglob('*') if file.suffix in suffixes]
    inodes = {file.stat().st_ino for file in root.rglob('*') if file.suffix in suffixes}
    assert out
    assert {file.stat().st_ino for file in out} <= inodes
    assert not any(file.is_symlink() for file in (tmp_path / 'out').rglob('*'))


def test_without_any_links__the_report_says_where_the_images_are(
    tmp_path: Path, no_links: None
) -> None:
    root = official.write_posetrack18(tmp_path / 'download')
    report = convert('posetrack18', root)
    assert report['images'] == str(root / 'images')
    assert counts_table(report).splitlines()[-1] == (
        'images are not linked, which this system does not allow: configs find them by '
        f'data_prefix.img={root / "images"} (or convert with --copy)'
    )
    assert not (tmp_path / 'out/images').exists()


def test_without_any_links__new_names_need_a_copy_that_is_asked_for(
    tmp_path: Path, no_links: None
) -> None:
    root = official.write_posetrack17(tmp_path / 'download', matlab=False)
    with pytest.raises(UsageError, match=r'cannot be a link .*cross-device.*--copy; \d+ MB'):
        convert('posetrack17', root)
    assert not (tmp_path / 'out' / FOLDER17).exists()
    convert('posetrack17', root, copy=True)
    made = sorted((tmp_path / 'out' / FOLDER17).iterdir())
    given = sorted((root / 'images/bonn_5sec/000522_bonn').iterdir())
    assert [file.read_bytes() for file in made] == [file.read_bytes() for file in given]


def test_link_folder__of_hard_links_takes_up_what_was_added(
    tmp_path: Path, no_symbolic_links: None
) -> None:
    source = tmp_path / 'images'
    (source / 'a').mkdir(parents=True)
    (source / 'a' / '1.jpg').write_bytes(b'1')
    assert link_folder(source, tmp_path / 'link')
    (source / 'a' / '2.jpg').write_bytes(b'2')
    assert link_folder(source, tmp_path / 'link')
    assert (tmp_path / 'link/a/2.jpg').samefile(source / 'a' / '2.jpg')
    (tmp_path / 'link' / 'mine.jpg').write_bytes(b'mine')
    with pytest.raises(UsageError, match='found something else'):
        link_folder(source, tmp_path / 'link')


def test_is_link_to__tells_links_from_files(tmp_path: Path) -> None:
    source = tmp_path / 'source'
    source.mkdir()
    for name in ('a', 'b'):
        (source / name).write_text(name)
    (tmp_path / 'hard').hardlink_to(source / 'a')
    (tmp_path / 'soft').symlink_to(source / 'a')
    (tmp_path / 'broken').symlink_to(source / 'gone')
    (tmp_path / 'other').symlink_to(tmp_path / 'hard')
    (tmp_path / 'own').write_text('a')
    linked = {file.name for file in tmp_path.iterdir() if is_link_to(file, source)}
    assert linked == {'hard', 'soft', 'broken'}


# -------------------------------------------------------------------------------------------- films
def cut_film(root: Path) -> Path:
    """The first video's film with an index of 40 frames, and the data of the first ones."""
    film = root / 'HIE20/videos/train/1.mp4'
    writer = cv2.VideoWriter(str(film), cv2.VideoWriter_fourcc(*'mp4v'), 25, (64, 48))
    for number in range(40):
        writer.write(cv2.resize(official.picture(number), (64, 48)))
    writer.release()
    content = bytearray(film.read_bytes())
    start = content.index(b'mdat') + 4
    end = content.index(b'moov')
    content[start + (end - start) // 4 : end - 8] = bytes(end - 8 - start - (end - start) // 4)
    film.write_bytes(content)
    return film


def test_hieve__a_film_that_lacks_frames_leaves_nothing(tmp_path: Path) -> None:
    root = official.write_hieve(tmp_path / 'download', videos=16)
    cut_film(root)
    with pytest.raises(UsageError, match=r'1\.mp4: expected 40 frames, which it announces, got'):
        convert('hieve', root)
    assert not (tmp_path / 'out/images/1').exists()
    assert not (tmp_path / 'out/images/.1.unfinished').exists()


def test_hieve__a_full_disk_leaves_no_folder_and_the_next_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = official.write_hieve(tmp_path / 'download', videos=16)
    written, write = [], Path.write_bytes

    def full(self: Path, content: bytes) -> int:
        written.append(self)
        if self.suffix == '.jpg' and len(written) > 7:
            raise OSError(errno.ENOSPC, 'No space left on device', str(self))
        return write(self, content)

    with monkeypatch.context() as patch:
        patch.setattr('pathlib.Path.write_bytes', full)
        with pytest.raises(OSError, match='No space left'):
            convert('hieve', root)
    assert [folder.name for folder in (tmp_path / 'out/images').iterdir()] == ['1']
    # as kill -9 leaves it
    (tmp_path / 'out/images/.2.unfinished').mkdir()
    (tmp_path / 'out/images/.2.unfinished/000099.jpg').write_bytes(b'')
    assert convert('hieve', root)['videos_finished_before'] == 1
    assert len(list((tmp_path / 'out/images').iterdir())) == 16
    assert not (tmp_path / 'out/images/2/000099.jpg').exists()


# ----------------------------------------------------------------------------------- Matlab's files
@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Lets the process that reads do something else."""

    def install(program: str) -> Path:
        worker = tmp_path / 'matlab_worker.py'
        worker.write_text(program)
        monkeypatch.setattr(matlab_files, '__file__', str(tmp_path / 'matlab_files.py'))
        monkeypatch.setattr(matlab_files, '_readers', [])
        return tmp_path / 'a.mat'

    yield install
    for one in matlab_files._readers:
        one.end()


@pytest.mark.parametrize(
    'program',
    [
        'import os, sys; sys.stdin.readline(); os.kill(os.getpid(), 11)',
        'import sys; sys.stdin.readline(); import time; time.sleep(60)',
        'import sys; sys.stdin.readline(); sys.stdout.buffer.write(bytes([9]) + bytes(7) + b"a")',
        'raise SystemExit(3)',
    ],
    ids=['crash', 'hang', 'half an answer', 'no start'],
)
def test_read_matlab__a_reader_that_dies_is_an_error_with_the_file(
    program: str, reader: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matlab_files, 'SECONDS', 0.5)
    file = reader(program)
    for _ in range(2):  # and it is started anew
        with pytest.raises(UsageError, match=r'a\.mat: expected a Matlab file, got one that ends'):
            matlab_files.read_matlab(file)


def test_read_matlab__in_a_forked_process_reads_its_own_file(tmp_path: Path) -> None:
    from scipy.io import savemat

    for name in ('a', 'b'):
        savemat(tmp_path / f'{name}.mat', {'name': name})
    assert matlab_files.read_matlab(tmp_path / 'a.mat')['name'] == 'a'
    child = os.fork()
    if not child:
        found = matlab_files.read_matlab(tmp_path / 'b.mat')['name']
        os._exit(0 if found == 'b' else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert matlab_files.read_matlab(tmp_path / 'a.mat')['name'] == 'a'


# ------------------------------------------------------------------------------------------- ledger
@pytest.mark.parametrize(
    'line',
    [
        '[' * 100000,
        '[]',
        '1',
        '{"file": []}',
        '{"file": "x", "state": 1, "left_out": {}}',
        '{"file": "val/000522_bonn_test.json", "state": [], "left_out": {"a": "b"}}',
        '\udcff',
    ],
    ids=range(7),
)
def test_ledger__damaged_lines_are_left_aside_and_tidied_up(line: str, tmp_path: Path) -> None:
    root = official.write_posetrack18(tmp_path / 'download')
    convert('posetrack18', root)
    ledger = tmp_path / 'out' / resumable_conversion.LEDGER
    whole = ledger.read_bytes()
    ledger.write_bytes(whole + b'\n' + line.encode('utf-8', 'surrogateescape'))
    assert convert('posetrack18', root)['videos_finished_before'] == 3
    assert ledger.read_bytes() == whole


# ------------------------------------------------------------------------- two releases, one folder
@pytest.mark.parametrize('name', ['posetrack17', 'posetrack18'])
def test_two_releases_in_one_folder__each_is_converted(name: str, tmp_path: Path) -> None:
    root = official.write_posetrack17(tmp_path / 'download', matlab=False)
    alone = convert('posetrack17', root) if name == 'posetrack17' else None
    own = len(list((root / 'annotations').rglob('*.json')))
    official.write_posetrack18(root)
    total = len(list((root / 'annotations').rglob('*.json')))
    if alone is None:
        alone = convert('posetrack18', official.write_posetrack18(tmp_path / 'one' / 'download'))
    both = convert_dataset(name, root, tmp_path / 'both', progress=False)
    assert both['other_files'] == (total - own if name == 'posetrack17' else own)
    assert both['splits'] == alone['splits']
    assert f'left aside: {both["other_files"]} files of another release' in counts_table(both)


def test_another_release_alone__is_refused(tmp_path: Path) -> None:
    root = official.write_posetrack17(tmp_path / 'download', matlab=False)
    with pytest.raises(UsageError, match='expected files of posetrack18, found another release'):
        convert('posetrack18', root)
    assert not (tmp_path / 'out').exists()
