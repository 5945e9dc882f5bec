# SPDX-License-Identifier: Apache-2.0

"""``python3 -m hypervisor.selftest``."""

import argparse
import os
import shutil
import signal
import sys
import tempfile

from harness import cache
from harness import errors
from harness import progress
from hypervisor.builder import prefix as prefixes
from hypervisor.selftest import checks
from hypervisor.selftest import libvirtd
from hypervisor.selftest import report as reports
from hypervisor.selftest import storage

DESCRIPTION = '''\
Tests an installed QEMU and libvirt on volumes of a vPool of its own, with a
guest that is emulated (no KVM needed). Needs root; the network once, for the
guest's kernel.

exit codes: 0 all passed, 1 a check failed, 2 wrong arguments
'''
#: of the longest title of a check
_WIDTH = 55


def parse(argv):
    parser = argparse.ArgumentParser(
        prog='python3 -m hypervisor.selftest', description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--prefix', metavar='DIR', default=prefixes.DEFAULT,
                        help='what to test (default: %(default)s)')
    parser.add_argument('--cache', metavar='DIR',
                        default=cache.folder('hypervisor'),
                        help='keeps the guest\'s kernel (default: '
                             '%(default)s)')
    parser.add_argument('--junit', metavar='FILE',
                        help='write the results as JUnit XML')
    parser.add_argument('--keep', action='store_true',
                        help='keep files and logs although all passed')
    return parser.parse_args(argv)


def main(argv=None):
    arguments = parse(argv)
    prefix = os.path.abspath(arguments.prefix)
    signal.signal(signal.SIGTERM, _stop)
    print('self-test of %s' % prefix)
    report = reports.Report()
    # short: it holds sockets
    folder = tempfile.mkdtemp(prefix='ovs-selftest-')
    # QEMU's user gets in
    os.chmod(folder, 0o711)
    try:
        _run(prefix, folder, arguments.cache, report)
    except KeyboardInterrupt:
        print('stopped')
        shutil.rmtree(folder)
        return errors.STOPPED
    if arguments.junit:
        report.write(arguments.junit)
    if report.counts['failed'] or arguments.keep:
        print('logs: %s' % folder)
    else:
        shutil.rmtree(folder)
    print('%(passed)d passed, %(failed)d failed, %(skipped)d skipped'
          % report.counts)
    return (errors.FAILED if report.counts['failed'] or
            not report.counts['passed'] else 0)


def _stop(_number, _frame):
    raise KeyboardInterrupt


def _run(prefix, folder, kept, report):
    """Carry out the checks."""
    lines = progress.Progress(width=_WIDTH)
    try:
        store = storage.Storage(prefix, folder)
        with store:
            shared = checks.Checks(prefix, folder, store,
                                   os.path.join(kept, 'guest'))
            try:
                _run_checks(shared, prefix, report, lines)
            finally:
                shared.close()
    except errors.Error as problem:
        lines.say('FAIL %s' % problem)
        report.failed('the storage', problem)


def _run_checks(shared, prefix, report, lines):
    without = {}    # {check that has not passed: why}
    if os.geteuid() != 0:
        without['root'] = libvirtd.obstacle(prefix)
    for name, needed in checks.ORDER:
        check = getattr(shared, name)
        title = check.__doc__
        if needed in without:
            without[name] = without[needed]
            lines.skip(title, without[needed])
            report.skipped(title, without[needed])
            continue
        try:
            with lines.phase(title) as phase:
                phase.detail = check() or ''
        except (errors.Error, OSError) as problem:
            lines.say('     %s' % problem)
            report.failed(title, problem)
            without[name] = 'without "%s"' % title
        else:
            report.passed(title)


if __name__ == '__main__':
    sys.exit(main())
