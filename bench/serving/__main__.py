"""python -m bench.serving: set up the peers, measure everyone, write the report.

Needs Linux, two cores, and wrk (apt-get install wrk).
"""

import argparse
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Final

from bench.serving.contestants import CONTESTANTS, TANDEM, BenchmarkError, before, choose
from bench.serving.goals import changes
from bench.serving.report import read, write
from bench.serving.session import Plan, compare

_QUICK_ROUNDS, _ROUNDS = 1, 3
_QUICK_SECONDS, _SECONDS = 1, 3
_QUICK_MINUTES, _MINUTES = 3.0, 12.0
_PARTIAL_OUTPUT: Final = Path(".bench/partial")  # a quick or partial run replaces no whole one
_OUTPUT: Final = Path("docs")


def main() -> None:
    """Compare, or write the report of an earlier comparison again."""
    options = _parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped; every server is ended"))
    try:
        if options.before:
            print(changes(compare(_plan(options), partial(print, flush=True))))
            return
        if options.report:
            results, output = read(options.report), options.report.parent
        else:
            results = compare(_plan(options), partial(print, flush=True))
            partial_run = options.quick or options.only
            output = options.output or (_PARTIAL_OUTPUT if partial_run else _OUTPUT)
        for path in write(results, output):
            print(f"wrote {path}")
    except BenchmarkError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("stopped; every server is ended")


def _plan(options: argparse.Namespace) -> Plan:
    quick = options.quick
    contestants = choose(options.only)
    if options.before:
        contestants = [*choose([TANDEM]), before(options.before)]
    return Plan(
        contestants=contestants,
        rounds=options.rounds or (_QUICK_ROUNDS if quick else _ROUNDS),
        load_seconds=options.seconds or (_QUICK_SECONDS if quick else _SECONDS),
        limit_seconds=60 * (options.minutes or (_QUICK_MINUTES if quick else _MINUTES)),
        environments=options.environments,
        models=options.models_dir,
        tandem_python=options.tandem_python,
        alone=not options.before,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one short round, into .bench/partial")
    parser.add_argument("--rounds", type=int, help=f"at most; {_ROUNDS} where not said")
    parser.add_argument("--seconds", type=int, help=f"of each load; {_SECONDS} where not said")
    parser.add_argument("--minutes", type=float, help=f"for it all; {_MINUTES:.0f} where not said")
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="NAME",
        choices=[one.name for one in CONTESTANTS],
        help="these alone, into .bench/partial: " + ", ".join(one.name for one in CONTESTANTS),
    )
    parser.add_argument(
        "--before", type=Path, metavar="TREE", help="an older checkout: print what changed since"
    )
    parser.add_argument("--models-dir", type=Path, default=Path("models"))
    parser.add_argument("--environments", type=Path, default=Path(".bench"), help="of the peers")
    parser.add_argument("--tandem-python", type=Path, default=Path(sys.executable))
    parser.add_argument("--output", type=Path, help="docs where not said, or as above")
    parser.add_argument(
        "--report", type=Path, metavar="JSON", help="measure nothing, write this one's report again"
    )
    return parser


if __name__ == "__main__":
    main()
