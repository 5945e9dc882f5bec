# SPDX-License-Identifier: Apache-2.0

"""``python3 -m hypervisor.selftest``."""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time

from hypervisor.builder import cache
from hypervisor.builder import prefix as prefixes
from hypervisor.selftest import checks
from hypervisor.selftest import storage
from hypervisor.selftest import waiting
from hypervisor.selftest import libvirtd

DESCRIPTION = '''\
Tests an installed QEMU and libvirt on volumes of a vPool of its own, with a
guest that is emulated (no KVM needed). Needs root; the network once, for the
guest's kernel.

exit codes: 0 all passed, 1 a check failed, 2 wrong arguments
'''


def parse(argv):
    parser = argparse.ArgumentParser(
        prog='python3 -m hypervisor.selftest', description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--prefix', metavar='DIR', default=prefixes.DEFAULT,
                        help='what to test (default: %(default)s)')
    parser.add_argument('--cache', metavar='DIR',
                        default=cache.default_folder(),
                        help='keeps the guest\'s kernel (default: '
                             '%(default)s)')
    parser.add_argument('--keep', action='store_true',
                        help='keep files and logs although all passed')
    return parser.parse_args(argv)


def main(argv=None):
    arguments = parse(argv)
    prefix = os.path.abspath(arguments.prefix)
    signal.signal(signal.SIGTERM, _stop)
    print('self-test of %s' % prefix)
    # short: it holds sockets
    folder = tempfile.mkdtemp(prefix='ovs-selftest-')
    # QEMU's user gets in
    os.chmod(folder, 0o711)
    try:
        counts = _run(prefix, folder, arguments.cache)
    except KeyboardInterrupt:
        print('stopped')
        shutil.rmtree(folder)
        return 130
    if counts['failed'] or arguments.keep:
        print('logs: %s' % folder)
    else:
        shutil.rmtree(folder)
    print('%(passed)d passed, %(failed)d failed, %(skipped)d skipped'
          % counts)
    return 1 if counts['failed'] or not counts['passed'] else 0


def _stop(_number, _frame):
    raise KeyboardInterrupt


def _run(prefix, folder, kept):
    """Carry out the checks; return how many passed, failed, were skipped."""
    counts = {'passed': 0, 'failed': 0, 'skipped': 0}
    try:
        store = storage.Storage(prefix, folder)
        with store:
            shared = checks.Checks(prefix, folder, store,
                                   os.path.join(kept, 'guest'))
            try:
                _run_checks(shared, prefix, counts)
            finally:
                shared.close()
    except waiting.Problem as problem:
        print('  FAILED: %s' % problem)
        counts['failed'] += 1
    return counts


def _run_checks(shared, prefix, counts):
    failed = {}
    obstacle = libvirtd.obstacle(prefix)
    for name, needed in checks.ORDER:
        check = getattr(shared, name)
        what = check.__doc__
        reason = None
        if name == 'daemon' and os.geteuid() != 0:
            reason = obstacle
        elif needed in failed:
            reason = failed[needed]
        if reason:
            _report(what, None, 'skipped: %s' % reason)
            counts['skipped'] += 1
            failed[name] = reason
            continue
        started = time.monotonic()
        try:
            note = check()
        except (waiting.Problem, libvirtd.Failure, OSError) as problem:
            _report(what, started, 'FAILED: %s' % problem)
            counts['failed'] += 1
            failed[name] = 'without "%s"' % what
        else:
            _report(what, started, 'ok' + (', %s' % note if note else ''))
            counts['passed'] += 1


def _report(what, started, verdict):
    seconds = '' if started is None else '%.1f s' % (
        time.monotonic() - started)
    print('  %-54s %8s  %s' % (what, seconds, verdict), flush=True)


if __name__ == '__main__':
    sys.exit(main())
