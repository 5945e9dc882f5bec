# SPDX-License-Identifier: Apache-2.0

"""The command ``ovs-doctor``."""

import argparse
import json
import os
import sys

_OLDEST = (3, 11)
_HELP = """\
Finds what is wrong with the services of OpenStack and Open vStorage on this
host: of DevStack, of OpenStack-Ansible, or any other.

It asks as the services would: each one's database, message queue and
Keystone with its own configuration, the vPools, the hypervisor and the
APIs. It names the first cause, the cure, and what may follow from the
cause. It changes nothing. Run it as root: it reads what only root may read.

It logs in to the APIs by the variables of openrc, else by OS_CLOUD or the
administrator's entry of clouds.yaml, else as a service does.

Exit codes: 0 no fault, 1 a fault, 2 wrong arguments, no root, or a Python
that is too old.
"""


def main(argv=None):
    """Run the command and return its exit code."""
    arguments = _parser().parse_args(argv)
    wrong = next(_wrong(), None)
    if wrong:
        sys.stderr.write('ovs-doctor: %s\n' % wrong)
        return 2
    # only a Python that is new enough can import the rest
    from ovs_doctor import areas
    from ovs_doctor import host
    from ovs_doctor import report
    findings = areas.examine(host.Host(arguments.thorough))
    if arguments.json:
        lines = [json.dumps(report.as_dict(findings), indent=2)]
    else:
        lines = list(report.details(findings)) + [''] + list(
            report.lines(findings))
    sys.stdout.write('\n'.join(lines) + '\n')
    return int(bool(report.errors_of(findings)))


def _parser():
    parser = argparse.ArgumentParser(
        'ovs-doctor', description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--thorough', action='store_true',
                        help='take half a minute in place of 5 s: import the '
                             'drivers as Cinder and Nova do, and list the '
                             'newest errors of each log')
    parser.add_argument('--json', action='store_true',
                        help='print one object: cause, follows, findings')
    return parser


def _wrong():
    """Yield what keeps it from working."""
    if sys.version_info < _OLDEST:
        yield 'Python %s is too old; hint: run it with Python %d.%d or ' \
            'newer' % ((sys.version.split()[0],) + _OLDEST)
    if os.geteuid() != 0:
        yield 'you are not root; hint: run "sudo ovs-doctor"'


if __name__ == '__main__':
    sys.exit(main())
