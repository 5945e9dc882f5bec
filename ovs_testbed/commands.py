# SPDX-License-Identifier: Apache-2.0

"""The commands of ``ovs-testbed``."""

import argparse
import copy
import json
import os
import re
import time

from cliff import command
from cliff import lister

from harness import errors
from harness import files
from harness import progress
from ovs_doctor import report
from ovs_testbed import bring_up
from ovs_testbed import bundle
from ovs_testbed import cache
from ovs_testbed import check
from ovs_testbed import checkouts
from ovs_testbed import cloud
from ovs_testbed import doctor
from ovs_testbed import matrix
from ovs_testbed import release
from ovs_testbed import request
from ovs_testbed import sandbox
from ovs_testbed import status
from ovs_testbed import steps
from ovs_testbed import supervisor
from ovs_testbed import take_down
from ovs_testbed import tempest
from ovs_testbed import testbeds
from ovs_testbed import upgrade
from ovs_testbed import upgrade_proof
from ovs_testbed.request import report as request_report


#: exit code of "request", if the APIs do not answer
_WITHOUT_STATES = 3


class _Base:
    """The options that all commands have."""

    def get_parser(self, prog_name):
        parser = super().get_parser(prog_name)
        parser.add_argument('--name', default='main',
                            help='name of the testbed (default: main)')
        parser.add_argument('--folder', default=testbeds.FOLDER,
                            help='where testbeds keep their state '
                                 '(default: %(default)s)')
        return parser

    def run(self, parsed_args):
        """End with 1 after a failure that can be explained, with 130 after
        Ctrl-C."""
        try:
            return super().run(parsed_args)
        except errors.Error as error:
            self._show(error)
            return errors.FAILED
        except KeyboardInterrupt:
            self.app.stderr.write('\nstopped\n')
            return errors.STOPPED

    def _show(self, error):
        where = (' (%s)' % error.step.title
                 if isinstance(error, steps.StepFailed) else '')
        self.app.stderr.write('\nfailed%s: %s\n' % (
            where, '\n'.join(error.lines())))

    def _testbed(self, parsed_args):
        """The testbed that is named; an error if there is none."""
        found = testbeds.load(parsed_args.name, parsed_args.folder)
        if not found:
            raise errors.Error(
                'there is no testbed "%s" in %s; known: %s' % (
                    parsed_args.name, parsed_args.folder, ', '.join(
                        testbeds.names(parsed_args.folder)) or 'none'),
                hint='bin/ovs-testbed up')
        return found


class _Making(_Base):
    """The base of ``up`` and ``check``."""

    #: what --release can name
    releases = release.names()

    def get_parser(self, prog_name):
        parser = super().get_parser(prog_name)
        parser.add_argument('--release', choices=self.releases,
                            help='release of OpenStack (default: %s)'
                                 % release.DEFAULT)
        parser.add_argument('--base-port', type=int, metavar='PORT',
                            help='first of the hundred ports of the testbed '
                                 '(default: a free block)')
        parser.add_argument('--tls', nargs='?', const='x509',
                            choices=('off', 'psk', 'x509'),
                            help='protect the ports of the vPools by TLS, '
                                 'with certificates unless told otherwise '
                                 '(default: off)')
        parser.add_argument('--threads', action='store_true', default=None,
                            help='run the services in native threads that '
                                 'would take green ones')
        parser.add_argument('--with', action='append', dest='extras',
                            choices=testbeds.EXTRAS, default=[],
                            help='add a service: cinder-backup, which stores '
                                 'in a folder, or Barbican, which keeps the '
                                 'keys of encrypted volumes (may be repeated)')
        parser.add_argument('--source', metavar='DIR',
                            help='folder with git checkouts of the services '
                                 'of Newton, which are not on PyPI')
        parser.add_argument('--keep', action='store_true',
                            help='leave it as it is after a failure, and '
                                 'after "check"')
        return parser

    def _up(self, parsed_args):
        """Bring a testbed up. Return it, whether it is new, and the seconds
        that it took."""
        new = testbeds.load(parsed_args.name, parsed_args.folder) is None
        found = testbeds.make(parsed_args.name, parsed_args.release,
                              parsed_args.base_port, parsed_args.folder,
                              parsed_args.tls, parsed_args.threads,
                              parsed_args.extras, parsed_args.source)
        screen = progress.Progress(self.app.stdout)
        threads = ' in native threads' if found.threads else ''
        screen.say('testbed "%s": OpenStack %s%s, ports from %d, TLS %s, %s'
                   % (found.name, found.release.name, threads,
                      found.base_port, found.tls, found.folder))
        try:
            with _locked(found):
                seconds = self._perform(found, screen)
        except (errors.Error, KeyboardInterrupt) as error:
            self._failed(found, error, not new or parsed_args.keep)
            raise
        return found, new, seconds

    def _perform(self, testbed, screen):
        """Carry out the steps that are missing; return the seconds."""
        started = time.monotonic()
        outcomes = steps.perform(bring_up.BringUp(testbed).steps(), screen)
        rows = [(outcome.step.title, outcome.seconds)
                for outcome in outcomes if outcome.was_needed]
        seconds = time.monotonic() - started
        rows.append(('up', seconds))
        timings = progress.Timings(testbed.cache.timings)
        screen.say()
        for line in timings.table(rows):
            screen.say(line)
        timings.keep(rows)
        return seconds

    def _failed(self, testbed, error, keep):
        """Keep the logs; take down what this run has made."""
        try:
            self.app.stderr.write('all logs: %s\n' % bundle.make(testbed))
        except OSError as problem:
            # a full disk, for one, is no reason to leave everything running
            self.app.stderr.write('the logs cannot be kept: %s\n' % problem)
        if keep:
            self.app.stderr.write('kept: %s (bin/ovs-testbed down --name %s '
                                  'removes it)\n' % (testbed.folder,
                                                     testbed.name))
        else:
            take_down.down(testbed)
            self.app.stderr.write('removed; use --keep to keep a testbed that '
                                  'fails\n')
            # that file is gone, too
            error.log = None


class Up(_Making, command.Command):
    """Bring a testbed up.

    Everything that it needs is made first: Debian packages (nothing of them
    is started or enabled), a Python environment, QEMU and libvirt, a guest
    image. Run again, it does what is missing: nothing, if all is there.
    """

    def take_action(self, parsed_args):
        found, _, _ = self._up(parsed_args)
        name = '' if found.name == 'main' else ' --name ' + found.name
        self.app.stdout.write(
            '\nnext:\n'
            '  . <(bin/ovs-testbed openrc%s)   log in as admin\n'
            '  bin/ovs-testbed check%s         test it\n'
            '  bin/ovs-testbed shell%s         a shell that reaches the '
            'servers\n'
            '  bin/ovs-testbed down%s          remove it\n'
            % (name, name, name, name))


class Upgrade(_Making, command.Command):
    """Bring a testbed to a later release of OpenStack.

    Its volumes, databases, networks and guests stay; the guests go on. With
    --prove, a guest writes the whole time, and everything that the earlier
    release has made is used and deleted afterwards. Interrupted, "up"
    completes it.
    """

    def get_parser(self, prog_name):
        parser = super(_Making, self).get_parser(prog_name)
        parser.add_argument('--to', required=True, choices=release.names(),
                            help='the later release')
        parser.add_argument('--prove', action='store_true',
                            help='make a guest and volumes before, and use '
                                 'them afterwards')
        return parser

    def take_action(self, parsed_args):
        found = self._testbed(parsed_args)
        screen = progress.Progress(self.app.stdout)
        upgrade.check(found, parsed_args.to)
        try:
            if parsed_args.prove:
                with upgrade_proof.proved(found, screen):
                    self._upgrade(found, parsed_args.to, screen)
            else:
                self._upgrade(found, parsed_args.to, screen)
        except (errors.Error, KeyboardInterrupt) as error:
            self._failed(found, error, keep=True)
            raise

    def _upgrade(self, found, wanted, screen):
        with _locked(found):
            steps.perform(upgrade.plan(found, wanted), screen)
            self._perform(testbeds.load(found.name,
                                        os.path.dirname(found.folder)),
                          screen)


def _regex(text):
    try:
        re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(
            '"%s" is no regular expression: %s' % (text, error))
    return text


class Check(_Making, command.Command):
    """Test a testbed; bring one up for it, if there is none.

    One that was brought up for the test is taken down afterwards, unless
    --keep is given. The suite "plugin" has the project's own Tempest tests,
    "smoke" those of them that are quick and use every part, "upstream"
    Tempest's and Cinder's tests of volumes. "sabotage" puts faults in, one
    after the other: the doctor has to name each, and its hint has to heal it.
    "--tests" runs some of a suite: check --tests test_revert. "--release all"
    tests one release after the other, and prints a table.
    """

    releases = release.names() + [matrix.ALL]

    def get_parser(self, prog_name):
        parser = super().get_parser(prog_name)
        parser.add_argument('suite', nargs='?', choices=check.SUITES,
                            default=check.DEFAULT,
                            help='which tests (default: %(default)s)')
        parser.add_argument('--tests', metavar='REGEX', type=_regex,
                            help='only those of the suite whose names the '
                                 'regular expression is found in')
        return parser

    def take_action(self, parsed_args):
        if parsed_args.release == matrix.ALL:
            self._check_all(parsed_args)
        else:
            self._check(parsed_args)

    def _check_all(self, parsed_args):
        if testbeds.load(parsed_args.name, parsed_args.folder):
            raise errors.Error(
                'testbed "%s" is there, and has one release'
                % parsed_args.name,
                hint='take another --name, or take it down first')
        for option in 'keep', 'threads':
            if getattr(parsed_args, option):
                raise errors.Error(
                    '--%s goes with one release, not with all' % option,
                    hint='name the release: "bin/ovs-testbed releases" lists '
                         'them')

        if parsed_args.source:
            for found in map(release.load, release.names()):
                if found.checkouts:
                    checkouts.check(found, parsed_args.source)

        def check(name):
            arguments = copy.copy(parsed_args)
            arguments.release = name
            if not release.load(name).checkouts:
                arguments.source = None
            return self._check(arguments)

        matrix.check_all(
            check, parsed_args.source, progress.Progress(self.app.stdout),
            self._show)

    def _check(self, parsed_args):
        """Test one release; return the results."""
        if parsed_args.suite == 'upstream' and not testbeds.load(
                parsed_args.name, parsed_args.folder):
            parsed_args.extras = release.load(      # it tests all of them
                parsed_args.release or release.DEFAULT).extras
        found, new, seconds = self._up(parsed_args)
        try:
            results = check.check(found, parsed_args.suite,
                                  self.app.stdout, parsed_args.tests)
        except (errors.Error, KeyboardInterrupt) as error:
            self._failed(found, error, not new or parsed_args.keep)
            raise
        if new and not parsed_args.keep:
            take_down.down(found)
        return dict(results, up_seconds=seconds)


class Down(_Base, command.Command):
    """Take a testbed down: its processes, networks and data go."""

    def take_action(self, parsed_args):
        found = testbeds.load(parsed_args.name, parsed_args.folder)
        if not found:
            self.app.stdout.write('there is no testbed "%s"\n'
                                  % parsed_args.name)
            return
        with _locked(found):
            take_down.down(found)
        self.app.stdout.write('testbed "%s" is gone\n' % found.name)


class Status(_Base, lister.Lister):
    """Show the services of a testbed: state, process, memory."""

    def take_action(self, parsed_args):
        return status.COLUMNS, status.rows(self._testbed(parsed_args))


class Logs(_Base, command.Command):
    """Write the logs and the configuration of a testbed to one file, without
    its passwords."""

    def get_parser(self, prog_name):
        parser = super().get_parser(prog_name)
        parser.add_argument('--output', metavar='FILE',
                            help='where to (default: logs/ beside the '
                                 'testbeds)')
        return parser

    def take_action(self, parsed_args):
        found = testbeds.load(parsed_args.name, parsed_args.folder)
        last = bundle.newest(parsed_args.name, parsed_args.folder)
        if not found and last:
            self.app.stdout.write('%s\n' % last)
            return
        self.app.stdout.write('%s\n' % bundle.make(
            self._testbed(parsed_args), parsed_args.output))


class Openrc(_Base, command.Command):
    """Print the variables that log in to a testbed, for a shell to read."""

    def get_parser(self, prog_name):
        parser = super().get_parser(prog_name)
        parser.add_argument('user', nargs='?', default='admin',
                            choices=('admin', 'demo'))
        return parser

    def take_action(self, parsed_args):
        found = self._testbed(parsed_args)
        for name, value in sorted(cloud.variables(
                found, parsed_args.user).items()):
            self.app.stdout.write("export %s='%s'\n" % (name, value))
        self.app.stdout.write('export PATH="%s/bin:$PATH"\n'
                              % found.cache.environment)


class Shell(_Base, command.Command):
    """Run a command in a testbed: with its network, its Python environment
    and its hypervisor. Without a command, a shell."""

    def get_parser(self, prog_name):
        parser = super().get_parser(prog_name)
        parser.add_argument('words', nargs='*', metavar='COMMAND',
                            help='a command and its arguments; "--" goes '
                                 'before options')
        return parser

    def take_action(self, parsed_args):
        found = self._testbed(parsed_args)
        words = parsed_args.words or [os.environ.get('SHELL', '/bin/bash')]
        os.environ.update(tempest.variables(found))
        words = sandbox.Sandbox(found).inside(words)
        os.execvp(words[0], words)


class Doctor(_Base, lister.Lister):
    """Find what is wrong with this machine, and with a testbed on it.

    It asks as the services would: each one's database, message queue and
    Keystone with its own configuration, the vPools, the hypervisor and the
    APIs. It names the first cause, the cure, and what may follow from the
    cause. It changes nothing. Exit codes: 0 no fault, 1 a fault, 2 wrong
    arguments.
    """

    def get_parser(self, prog_name):
        parser = super().get_parser(prog_name)
        parser.add_argument('--thorough', action='store_true',
                            help='take half a minute in place of 5 s: import '
                                 'the drivers as Cinder and Nova do, and list '
                                 'the newest errors of each log')
        parser.add_argument('--json', action='store_true',
                            help='print one object: cause, follows, '
                                 'findings')
        return parser

    def take_action(self, parsed_args):
        found = testbeds.load(parsed_args.name, parsed_args.folder)
        self._findings = doctor.examine(found, parsed_args.folder,
                                        parsed_args.thorough)
        return ('what', 'level', 'seen', 'hint'), [
            (finding.what, finding.level, finding.seen, finding.hint)
            for finding in self._findings]

    def produce_output(self, parsed_args, column_names, data):
        write = self.app.stdout.write
        if parsed_args.json:
            write(json.dumps(report.as_dict(self._findings), indent=2) + '\n')
            return 0
        super().produce_output(parsed_args, column_names, data)
        if parsed_args.formatter == 'table':
            write('\n%s\n' % '\n'.join(report.lines(self._findings)))
        return 0

    def run(self, parsed_args):
        return super().run(parsed_args) or int(bool(
            report.errors_of(self._findings)))


class Request(_Base, command.Command):
    """Tell the story of a request, a volume or a server.

    First come the states: Cinder's and Nova's, attachments, actions of the
    server. Then come all lines that belong to it in the logs of the services,
    the storagedriver, libvirt and QEMU, in the order of time. The command
    changes nothing. Exit codes: 0 all is told, 1 it is unknown, 2 wrong
    arguments, 3 the logs alone are told: the states cannot be asked.
    """

    def get_parser(self, prog_name):
        parser = super().get_parser(prog_name)
        parser.add_argument('wanted', metavar='ID|NAME',
                            help='id of a request (req-...), or id or name '
                                 'of a volume or server')
        parser.add_argument('--errors', action='store_true',
                            help='of the logs, print only warnings and '
                                 'errors')
        parser.add_argument('--json', action='store_true',
                            help='print one object: what, problem, states, '
                                 'requests, lines')
        return parser

    def take_action(self, parsed_args):
        found = self._testbed(parsed_args)
        story = request.tell(found, parsed_args.wanted)
        told = request_report.Report(found, story, parsed_args.errors)
        if parsed_args.json:
            self.app.stdout.write(json.dumps(told.as_dict(), indent=2) + '\n')
        else:
            for line in told.lines():
                self.app.stdout.write(line + '\n')
        return _WITHOUT_STATES if story.problem else 0


class Restart(_Base, command.Command):
    """Restart programs of a testbed, named as "status" names them."""

    def get_parser(self, prog_name):
        parser = super().get_parser(prog_name)
        parser.add_argument('programs', nargs='+', metavar='PROGRAM')
        return parser

    def take_action(self, parsed_args):
        found = self._testbed(parsed_args)
        known = supervisor.Supervisor(found)
        unknown = sorted(set(parsed_args.programs) - set(known.all()))
        if unknown:
            raise errors.Error(
                'testbed "%s" has no program %s' % (
                    found.name, ', '.join(unknown)),
                hint='it has %s' % (', '.join(sorted(known.all())) or
                                    'none: bin/ovs-testbed up'))
        with _locked(found):
            for name in parsed_args.programs:
                known.restart(name)
                self.app.stdout.write('restarted %s\n' % name)


class Releases(lister.Lister):
    """List the releases of OpenStack that a testbed can have: their Python,
    what is cached, and when each suite of tests has last passed here."""

    def take_action(self, parsed_args):
        return matrix.COLUMNS, matrix.rows()


class Clean(_Base, command.Command):
    """Take all testbeds of the checkout down, and remove what lost ones have
    left; with --cache also what later runs would have used again."""

    def get_parser(self, prog_name):
        parser = super().get_parser(prog_name)
        parser.add_argument('--cache', action='store_true',
                            help='remove the cache of the testbed too')
        return parser

    def take_action(self, parsed_args):
        for name in testbeds.names(parsed_args.folder):
            take_down.down(testbeds.load(name, parsed_args.folder))
            self.app.stdout.write('testbed "%s" is gone\n' % name)
        for name in take_down.remove_leftovers(parsed_args.folder):
            self.app.stdout.write('removed namespace %s\n' % name)
        bundle.remove_all(parsed_args.folder)
        if parsed_args.cache:
            cache.remove_all()


def _locked(testbed):
    """Lock the testbed against other commands meanwhile."""
    return files.locked(testbed.folder, 'testbed "%s" is locked by another '
                        'command' % testbed.name)
