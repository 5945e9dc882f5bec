# SPDX-License-Identifier: Apache-2.0

"""The commands of ``ovs-drivers``."""

import json
import os
import sys

from ovs_drivers import command_line
from ovs_drivers.installer import operations
from ovs_drivers.installer import environment
from ovs_drivers.installer import errors
from ovs_drivers.installer import patching
from ovs_drivers.installer import releases
from ovs_drivers.installer import runtime


class _Verb(command_line.Command):
    """The base of the commands."""

    def add_arguments(self, parser):
        parser.add_argument(
            '--json', action='store_true',
            help='answer in JSON, for programs')

    def run(self, arguments):
        """Do the work; an expected error becomes message and exit code."""
        self._as_json = arguments.json
        try:
            return self.work(arguments)
        except errors.InstallerError as error:
            self.complain(error)
            return error.code

    def work(self, arguments):
        """Do the command's work and return the exit code."""
        raise NotImplementedError

    def answer(self, data, lines):
        """Print JSON or lines of text."""
        text = (json.dumps(data, indent=2, sort_keys=True) if self._as_json
                else '\n'.join(lines))
        if text:
            sys.stdout.write(text.rstrip('\n') + '\n')

    def left_out(self, reason):
        """Say that an environment is left out, and why."""
        sys.stderr.write('ovs-drivers: left out: %s\n' % reason)

    def complain(self, error):
        """Print an error where the user looks for it."""
        if self._as_json:
            self.answer({'error': _error_as_dict(error)}, [])
        else:
            sys.stderr.write('ovs-drivers: %s\n' % error)


class _EnvironmentVerb(_Verb):
    """A command that works on environments."""

    def add_arguments(self, parser):
        super(_EnvironmentVerb, self).add_arguments(parser)
        parser.add_argument(
            '--python', metavar='PATH', action='append', default=[],
            help='an interpreter or the folder of a virtual environment; '
                 'may be given several times; default: every environment '
                 'that is found')
        parser.add_argument(
            '--tree', metavar='DIR', action='append', default=[],
            help='a source tree or copy of packages without an interpreter '
                 'of its own (as "patch" makes it); may be given several '
                 'times; it is parsed but not imported')
        parser.add_argument(
            '--root', metavar='DIR', default='/',
            help='where to look for environments; default: /')

    def environments(self, arguments):
        """Return the environments that are meant.

        :raises NothingFound: there is none
        """
        found = [environment.of_python(path) for path in arguments.python]
        found += [environment.of_tree(path) for path in arguments.tree]
        if not found:
            found = environment.find(arguments.root, complain=self.left_out)
        if not found:
            raise errors.NothingFound(
                'no environment with cinder, nova or os-brick was found',
                'name its interpreter with --python')
        for each in found:
            if not each.openstack:
                raise errors.NothingFound(
                    '%s has neither cinder nor nova nor os-brick'
                    % each.python,
                    'name the interpreter under which they run')
        return found


class _ChangingVerb(_EnvironmentVerb):
    """A command that may change environments."""

    def add_arguments(self, parser):
        super(_ChangingVerb, self).add_arguments(parser)
        parser.add_argument(
            '--dry-run', action='store_true',
            help='say what would be done, and touch nothing')


def _allow_mismatch(parser):
    parser.add_argument(
        '--allow-mismatch', action='store_true',
        help='accept packages of releases that do not belong together')


class Detect(_EnvironmentVerb):
    """List the environments and the OpenStack packages in them.

    Looks at the virtual environment that is active, DevStack's, those below
    /openstack/venvs, Kolla's and the Pythons of the system; each is asked
    where it finds cinder, nova and os-brick (a checkout too). Nothing is
    imported and nothing is changed. The release "after 2026.1" is a
    development version: of master, or of the stable branch.

      ovs-drivers detect
      ovs-drivers detect --python /opt/stack/data/venv --json
    """

    def work(self, arguments):
        found = self.environments(arguments)
        lines = []
        for each in found:
            lines += _describe(each)
        self.answer([each.as_dict() for each in found], lines)
        return 0


class Check(_EnvironmentVerb):
    """Say for each environment whether the drivers are installed.

    "installed" means: every line and module is in place, and os-brick's
    factory, Nova's registration and Cinder's driver import in that
    interpreter. Only then, in all environments, the exit code is 0.

      ovs-drivers check
    """

    def add_arguments(self, parser):
        super(Check, self).add_arguments(parser)
        _allow_mismatch(parser)

    def work(self, arguments):
        data, lines, codes = [], [], [0]
        for each in self.environments(arguments):
            state, problem = operations.check(each, arguments.allow_mismatch)
            answer = dict(each.as_dict(), state=state)
            lines += _describe(each) + ['  ' + state]
            if problem:
                answer['error'] = _error_as_dict(problem)
                lines.append('  %s' % problem)
                codes.append(problem.code)
            data.append(answer)
        self.answer(data, lines)
        return next((code for code in codes if code), 0)


class Install(_ChangingVerb):
    """Register the drivers in cinder, nova and os-brick.

    In each environment: copies the package ovs_drivers into it unless it is
    there, adds the modules under which OpenStack finds the drivers, inserts
    marked lines into os_brick/initiator/connector.py,
    nova/virt/libvirt/driver.py and nova/virt/libvirt/config.py, and imports
    everything in that interpreter. If that fails all is put back. A second
    run changes nothing; a run that was interrupted is finished by the next.
    What was there before is kept in the folder .ovs-drivers beside the
    packages until "ovs-drivers uninstall".

      ovs-drivers install --dry-run
      sudo ovs-drivers install --python /openstack/venvs/cinder-34.0.0

    Restart cinder-volume and nova-compute afterwards.
    """

    def add_arguments(self, parser):
        super(Install, self).add_arguments(parser)
        _allow_mismatch(parser)

    def work(self, arguments):
        environments = self.environments(arguments)
        # One refusal anywhere, and nothing is touched anywhere.
        plans = []
        for each in environments:
            if not arguments.allow_mismatch:
                operations.check_releases(each)
            plans.append([tree.path(item) for tree in operations.plan(each)
                          for item in tree.todo])
        data, lines = [], []
        for each, planned in zip(environments, plans):
            paths = (planned if arguments.dry_run
                     else self._install(each, data))
            data.append(dict(each.as_dict(), written=paths))
            lines += _describe(each) + (_say(
                'would write' if arguments.dry_run else 'wrote', paths) or
                ['  already installed'])
            if paths and not arguments.dry_run:
                lines.append('  installed%s; restart the services that run '
                             'here' % (' and verified' if each.purelib
                                       else ', not verified'))
        self.answer(data, lines)
        return 0

    @staticmethod
    def _install(each, done):
        try:
            return operations.install(each)
        except errors.InstallerError as error:
            if done:
                error.problem += '\n  installed before that: ' + ', '.join(
                    before['environment'] for before in done)
            raise


class Uninstall(_ChangingVerb):
    """Take the drivers out again.

    Removes our modules and our lines and puts the files back byte for byte.
    In a file that was changed elsewhere since, only our lines go. If our own
    lines or modules were changed by another tool, nothing is touched.

      ovs-drivers uninstall --dry-run
      ovs-drivers uninstall
    """

    def work(self, arguments):
        environments = self.environments(arguments)
        plans = [operations.plan_uninstall(each) for each in environments]
        restore, remove = (('would restore', 'would remove')
                           if arguments.dry_run else ('restored', 'removed'))
        data, lines = [], []
        for each, planned in zip(environments, plans):
            paths = ([path for tree in planned for path in tree.paths()]
                     if arguments.dry_run else operations.uninstall(each))
            gone = set(path for tree in planned for path in tree.removed())
            removed = [path for path in paths if path in gone]
            restored = [path for path in paths if path not in gone]
            data.append(dict(each.as_dict(), restored=restored,
                             removed=removed))
            lines += _describe(each) + (
                _say(restore, restored) + _say(remove, removed) or
                ['  not installed'])
        self.answer(data, lines)
        return 0


class Diff(_EnvironmentVerb):
    """Show what "install" would change, or has changed, as a unified diff.

    The copy of the package ovs_drivers is only named.

      ovs-drivers diff --python /opt/stack/data/venv
    """

    def work(self, arguments):
        found = self.environments(arguments)
        diffs = [operations.diff(each) for each in found]
        self.answer([dict(each.as_dict(), diff=text)
                     for each, text in zip(found, diffs)], diffs)
        return 0


class Patch(_Verb):
    """Make a patched copy of a source tree, for builders of images.

    SRC is the folder that has cinder, nova or os_brick in it: a checkout or
    a copy of site-packages. DST is made as a copy of it with the drivers
    registered; if it is such a copy already nothing changes. The image also
    needs the package itself (pip install devstack-plugin-openvstorage).

      ovs-drivers patch nova-33.0.2 nova-openvstorage
      ovs-drivers check --tree nova-openvstorage
      ovs-drivers uninstall --tree nova-openvstorage
    """

    def add_arguments(self, parser):
        super(Patch, self).add_arguments(parser)
        parser.add_argument('source', metavar='SRC')
        parser.add_argument('target', metavar='DST')
        parser.add_argument(
            '--python', metavar='PATH',
            help='the interpreter that parses the sources; default: the one '
                 'that runs ovs-drivers (old sources need a Python 2.7)')
        parser.add_argument(
            '--dry-run', action='store_true',
            help='show the diff, and write nothing')

    def work(self, arguments):
        result = patching.patch(arguments.source, arguments.target,
                                arguments.python, arguments.dry_run)
        if arguments.dry_run:
            self.answer({'diff': result}, [result])
        else:
            self.answer({'written': result},
                        _say('wrote', result) or ['  already patched'])
        return 0


def _describe(each):
    """Return the lines that tell what an environment is."""
    version = (' (Python %s)' % each.python_version
               if each.python_version else '')
    lines = [each.label + version]
    for name, package in sorted(each.openstack.items()):
        lines.append('  %-9s %-18s %-14s %s' % (
            name.replace('_', '-'), package.version or '-',
            releases.release_of(name, package.version) or '-',
            package.folder))
    return lines


def _say(verb, paths):
    """Return a line for each file, and one for the copy of our package."""
    inside = os.sep + runtime.PACKAGE + os.sep
    copied = [path for path in paths if inside in path]
    lines = ['  %s %s' % (verb, path) for path in paths
             if path not in copied]
    for folder in sorted(set(path.rsplit(inside, 1)[0] + inside
                             for path in copied)):
        lines.append('  %s %s (%d files)' % (verb, folder, len(
            [path for path in copied if path.startswith(folder)])))
    return lines


def _error_as_dict(error):
    return {'code': error.code, 'problem': error.problem,
            'cure': error.cure}
