"""Every command of the documents is one that its tool takes, and is run by a test or says why not.

A document's shell blocks are read line by line. `CONFIG` and the like stand for any file.
"""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path

import pytest

from jmpose_mm.apis.demo import METHODS

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    *(ROOT / name for name in ('README.md', 'CONTRIBUTING.md')),
    *sorted(ROOT.glob('docs/*.md')),
    *sorted(ROOT.glob('configs/**/README.md')),
]
# The test that runs the tool's main function, or the same steps on small data.
RUN_BY = {
    'make demo': 'apis/test_demo.py',
    'mim test': 'packaging/test_mim.py',
    'mim train': 'packaging/test_mim.py',
    'pip install': 'packaging/test_plugin_build.py',
    'python -c': 'docs/test_commands.py',
    'python -m torch.distributed.run': 'engine/test_distributed.py',
    'experiments/benchmark.py': 'experiments/test_benchmark.py',
    'experiments/run_few_labels.py': 'experiments/test_few_labels.py',
    'experiments/quality_signs.py': 'experiments/test_quality_signs.py',
    'experiments/run_study.py': 'experiments/study/test_study_run.py',
    'tools/analyze_logs.py': 'apis/analysis/test_training_logs.py',
    'tools/analyze_results.py': 'tools/test_analyze_results.py',
    'tools/browse_dataset.py': 'apis/test_own_data.py',
    'tools/convert_checkpoint.py': 'apis/test_checkpoint_conversion.py',
    'tools/convert_dataset.py': 'tools/test_convert_dataset.py',
    'tools/demo.py': 'apis/test_demo.py',
    'tools/eval_posetrack.py': 'tools/test_eval_posetrack.py',
    'tools/export_onnx.py': 'apis/test_export.py',
    'tools/infer_video.py': 'video/test_resuming.py',
    'tools/make_boxes.py': 'apis/test_person_boxes.py',
    'tools/make_synthetic.py': 'datasets/synthetic/test_writing.py',
    'tools/publish_model.py': 'apis/test_publish.py',
    'tools/train_on_videos.py': 'apis/video_training/test_train_on_videos.py',
    'tools/setup_environment.py': 'tools/test_setup_environment.py',
}
NOT_RUN = {
    'make docs': 'CI builds the site',
    'make lint': 'CI runs it',
    'make study': 'two hours; its steps run in tests/experiments/study',
    'make test': 'it runs this test',
    'bash tools/slurm': 'needs slurm; docs/install.md says where it was run',
    'podman': 'no container engine where the tests run',
    'python -m build': 'needs the package index; .github/workflows builds and checks the wheel',
    'python -m pytest': 'it runs this test',
    'source .venv/bin/activate': 'a test runs inside of that environment',
    'twine': 'needs the package index; .github/workflows builds and checks the wheel',
}


def commands() -> list[tuple[str, str]]:
    """Document and command; whichever interpreter a line names is `python`."""
    found = []
    for document in DOCUMENTS:
        text = document.read_text(encoding='utf-8')
        for block in re.findall(r'```(?:bash|bat|sh)\n(.*?)```', text, re.S):
            for line in block.replace('\\\n', ' ').replace('\\', '/').splitlines():
                said = re.sub(r'(^|\s)#.*|^(\w+=\S*\s*)+|[\[\]]', '', line).strip()
                said = re.sub(r'^(py -3[.\d]*|\S*python(3|\.exe)?) ', 'python ', said)
                if said:
                    found.append((document.relative_to(ROOT).as_posix(), said))
    return found


def name_of_program(command: str) -> str:
    """The key of `RUN_BY` or `NOT_RUN` that a command begins with."""
    plain = re.sub(r'^python (?=(tools|experiments)/)', '', command)
    found = [key for key in (*RUN_BY, *NOT_RUN) if plain.startswith(key)]
    assert found, f'{command}: no test runs it; name one in RUN_BY, or say why not in NOT_RUN'
    return max(found, key=len)


def parse(script: str, words: list[str]) -> None:
    """Let the parser of a tool read what stands behind its name."""
    spec = importlib.util.spec_from_file_location('tool', ROOT / script)
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    if hasattr(tool, 'make_parser'):
        tool.make_parser().parse_args(words)
    else:
        assert script == 'tools/setup_environment.py'


@pytest.mark.parametrize(('document', 'command'), commands())
def test_command__is_taken_and_run(
    document: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / 'tools'))
    words = [word.split('|')[0] for word in shlex.split(command)]
    program = name_of_program(command)
    if program in RUN_BY:
        assert (ROOT / 'tests' / RUN_BY[program]).is_file()
    if program.endswith('.py'):
        parse(program, words[2:])
    elif program in ('mim train', 'mim test'):
        assert words[2] == 'jmpose_mm'
        config, options = words[3], _own_options(words[4:])
        if config.endswith('.py') and '/' not in config and document != 'docs/write_a_method.md':
            assert list(ROOT.glob(f'configs/*/{config}'))
        parse(f'tools/{words[1]}.py', [config, *options])
    elif words[0] == 'make':
        assert re.search(rf'^{words[1]}:', (ROOT / 'Makefile').read_text(encoding='utf-8'), re.M)
        assert all(word.removeprefix('METHOD=') in METHODS for word in words[2:])


def _own_options(options: list[str]) -> list[str]:
    """What mim hands to the tool: a checkpoint as a place, and not what it keeps for itself."""
    first, own, rest = [], [], iter(options)
    for word in rest:
        if word == '--checkpoint':
            first = [next(rest)]
        elif word in ('--gpus', '--gpus-per-node', '--launcher', '--partition'):
            next(rest)
        else:
            own.append(word)
    return [*first, *own]
