#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Coverage-guided fuzzing of whatever reads foreign bytes (libFuzzer).

  edge/tests/fuzz/guided.py                    each target for 20 s
  edge/tests/fuzz/guided.py --seconds 1800     the long form
  edge/tests/fuzz/guided.py --keep server      also keeps new inputs in corpus/

Targets: server (options, control requests, NBD requests), client (a hostile
server), store (files of a store), tls (a hostile peer that has the keys). They
are built with clang, AddressSanitizer and UndefinedBehaviorSanitizer under
build/edge-fuzz. A finding is printed with the command that repeats it. Exit
code: 0 no finding, 1 some.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from xml.etree import ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
BUILD = os.path.join(TOP, 'build', 'edge-fuzz')
TARGETS = {'server': 'tests/fuzz-server', 'client': 'client/fuzz-client',
           'store': 'tests/fuzz-store', 'tls': 'tests/fuzz-tls'}
CORPUS = os.path.join(HERE, 'corpus')
# Longer than any input takes, also under the sanitizers on a busy machine.
INPUT_SECONDS = 120
INPUT_BYTES = 4096
# An engine frees the memory of closed connections late; a leak grows on.
MEMORY_MIB = 4096

sys.path.insert(0, HERE)

import seeds  # noqa: E402


def build():
    """Build the targets with Debian's tools."""
    environment = dict(os.environ, CC='clang')
    environment['PATH'] = '/usr/bin:/bin:' + environment['PATH']
    if not os.path.exists(os.path.join(BUILD, 'build.ninja')):
        subprocess.run(
            ['meson', 'setup', '-Dfuzz=true', '-Db_lundef=false',
             '-Db_sanitize=address,undefined', BUILD,
             os.path.join(TOP, 'edge')], env=environment, check=True)
    subprocess.run(['ninja', '-C', BUILD] + list(TARGETS.values()),
                   env=environment, check=True)


def fuzz(target, seconds, folder):
    """Run one target; return its log, and whether it found nothing."""
    found = os.path.join(folder, target)
    os.makedirs(found)
    for number, seed in enumerate(getattr(seeds, target)()):
        with open(os.path.join(found, 'seed-%03d' % number), 'wb') as file:
            file.write(seed)
    kept = os.path.join(CORPUS, target)
    os.makedirs(kept, exist_ok=True)
    command = [
        os.path.join(BUILD, TARGETS[target]), found, kept,
        '-max_total_time=%d' % seconds, '-timeout=%d' % INPUT_SECONDS,
        '-max_len=%d' % INPUT_BYTES, '-rss_limit_mb=%d' % MEMORY_MIB,
        '-print_final_stats=1',
        '-artifact_prefix=%s/finding-%s-' % (folder, target)]
    with open(os.path.join(folder, target + '.log'), 'w+') as log:
        status = subprocess.run(command, stdout=log, stderr=log).returncode
        log.seek(0)
        return log.read(), status == 0


def describe(target, log):
    """Return one line about a run, from the fuzzer's own figures."""
    figures = dict(re.findall(r'stat::(\w+): +(\d+)', log))
    coverage = re.findall(r' cov: (\d+) ft: (\d+) corp: (\d+)', log)
    branches, features, inputs = coverage[-1] if coverage else (0, 0, 0)
    return ('%-7s %9s inputs, %5s branches, %5s features, %4s kept, %4s MiB'
            % (target, figures.get('number_of_executed_units', 'no'),
               branches, features, inputs, figures.get('peak_rss_mb', '?')))


def report_finding(target, log, folder):
    lines = [line for line in log.splitlines()
             if not re.match(r'20\d\d-\d\d-\d\dT', line)]
    print('\n'.join(lines[-60:]))
    for name in sorted(os.listdir(folder)):
        if name.startswith('finding-%s-' % target):
            print('repeat it: %s %s' % (
                os.path.join(BUILD, TARGETS[target]),
                os.path.join(folder, name)))


def keep(target, folder):
    """Add to the corpus each input that reaches what no other one does."""
    subprocess.run(
        [os.path.join(BUILD, TARGETS[target]), '-merge=1',
         os.path.join(CORPUS, target), os.path.join(folder, target)],
        check=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def write_junit(path, logs):
    """Write JUnit XML about the targets, from the logs of their runs."""
    suite = ElementTree.Element('testsuite', name='fuzz')
    for target, (log, good) in logs.items():
        case = ElementTree.SubElement(suite, 'testcase', classname='fuzz',
                                      name=target)
        if not good:
            failure = ElementTree.SubElement(case, 'failure')
            failure.text = repr(log[-4096:])
    ElementTree.ElementTree(suite).write(path)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('targets', nargs='*', metavar='TARGET',
                        help='server, client, store or tls (default: all)')
    parser.add_argument('--seconds', type=int, default=20,
                        help='time for each target (default: 20)')
    parser.add_argument('--keep', action='store_true',
                        help='add what was found to the corpus')
    parser.add_argument('--junit', metavar='FILE',
                        help='write the results as JUnit XML')
    arguments = parser.parse_args()
    targets = arguments.targets or list(TARGETS)
    for target in targets:
        if target not in TARGETS:
            parser.error('unknown target %s: choose from %s'
                         % (target, ', '.join(TARGETS)))
    build()
    folder = tempfile.mkdtemp(prefix='ovs-edge-fuzz-')
    failed = 0
    logs = {}
    for target in targets:
        log, good = logs[target] = fuzz(target, arguments.seconds, folder)
        print(describe(target, log), '' if good else ' FINDING', flush=True)
        if not good:
            failed += 1
            report_finding(target, log, folder)
        elif arguments.keep:
            keep(target, folder)
    if arguments.junit:
        write_junit(arguments.junit, logs)
    print('%d passed, %d failed' % (len(targets) - failed, failed))
    print('logs: %s' % folder)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
