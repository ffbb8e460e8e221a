"""Ratios of speed, measured side by side on this machine."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from pathlib import Path

# a script sees its own folder; the package beside it is seen from the root of the clone
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

# subcommand -> its module in experiments.benchmarks, which has run(quick), and its help
SUBCOMMANDS = {
    'data': ('data', 'frames to batches: this package against decoding five files a sample'),
    'deform': ('deform', "deformable convolution: this package's against the compiled ones"),
    'startup': ('startup', 'import, --help and first batch: this package against mmpose alone'),
    'train': ('train', 'one training step: this package against the same network run plainly'),
    'infer': (
        'infer',
        "poses of a video: this package's engine against windows and against single frames",
    ),
    'video': ('video', "a 1080p film to poses and film: this package against mmpose's inferencer"),
    'ap': ('ap', 'official PoseTrack AP: this package against a per-frame loop'),
    'growth': ('growth', 'how time and memory grow with frames, pixels, persons and videos'),
}

# What `train` can be told.
SIZES = ('configs', 'clips', 'runs', 'processor')
PACKAGES = ('numpy', 'scipy', 'torch', 'torchvision', 'mmengine', 'mmpose')


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        description='Do the same work in two ways, alternately, and print how many times faster '
        'the one is: medians of several runs with their spread, versions and threads. Times differ '
        'between machines, ratios less so.'
    )
    commands = parser.add_subparsers(dest='command', metavar='WHAT', required=True)
    for name, (_, text) in SUBCOMMANDS.items():
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument('--quick', action='store_true', help='less work and fewer runs')
        command.add_argument('--json', metavar='OUT', help='also write every run to this file')
        if name == 'growth':
            command.add_argument('--picture', metavar='FILE', help='also draw the curves')
        if name == 'train':
            _add_size(command)
    parser.add_argument('--debug', action='store_true', help='show where an error comes from')
    return parser


def _add_size(command: argparse.ArgumentParser) -> None:
    """What of a measurement of training steps can be chosen; see `TrainingSize`."""
    some = dict(default=argparse.SUPPRESS, metavar='N', type=int)
    command.add_argument(
        '--configs', nargs='+', default=argparse.SUPPRESS, metavar='CONFIG', help='other models'
    )
    command.add_argument('--clips', help='windows in a batch, and in a run; 4 by default', **some)
    command.add_argument('--runs', help='how often each step is timed; 7 by default', **some)
    command.add_argument(
        '--processor-time',
        dest='processor',
        action='store_true',
        default=argparse.SUPPRESS,
        help="the processor's time instead of the clock's: for a busy machine",
    )


def measure(arguments: argparse.Namespace) -> None:
    """Measure, print, write."""
    from mmengine.logging import MMLogger

    from experiments.benchmarks import timing
    from jmpose_mm.whole_files import write_json

    module = import_module(f'experiments.benchmarks.{SUBCOMMANDS[arguments.command][0]}')
    # How each layer starts, for every model, is thousands of lines.
    MMLogger.get_current_instance().setLevel('WARNING')
    said = timing.environment(PACKAGES)
    chosen = {name: given for name, given in vars(arguments).items() if name in SIZES}
    results = module.measure(quick=arguments.quick, **chosen)
    report = module if arguments.command == 'growth' else timing
    print(report.formatted(results, said))
    if arguments.json:
        write_json(arguments.json, report.as_json(results, said))
    if getattr(arguments, 'picture', None):
        module.draw(arguments.picture, results)


def main() -> int:
    """Measure what the command line names."""
    parser = make_parser()
    arguments = parser.parse_args()
    from jmpose_mm.errors import run_tool

    return run_tool(parser, arguments, measure)


if __name__ == '__main__':
    sys.exit(main())
