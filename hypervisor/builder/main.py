# SPDX-License-Identifier: Apache-2.0

"""The command ``hypervisor/build``."""

import argparse
import os
import signal
import subprocess
import sys

from harness import apt
from harness import cache
from harness import errors
from harness import progress
from harness import run
from hypervisor.builder import check
from hypervisor.builder import components
from hypervisor.builder import configuration
from hypervisor.builder import given
from hypervisor.builder import packages
from hypervisor.builder import pipeline
from hypervisor.builder import prefix
from hypervisor.builder import trial
from hypervisor.builder import users

DESCRIPTION = '''\
Builds QEMU and libvirt with Open vStorage Edge volumes from the distribution's
own source packages and the patches beside this command, and installs them with
the client library under one prefix. The distribution's packages stay as they
are.

Run it again to do the missing steps; a phase that failed is repeated. Results
stay in the cache folder. A machine with a copy of it needs neither compiler
nor source.
'''
EPILOG = '''\
examples:
  hypervisor/build                      all, under /opt/openvstorage
  hypervisor/build --only edge          the client library and the engine
  hypervisor/build --check              print the versions and run a self-test
  hypervisor/build --package            .deb packages and an apt repository
  hypervisor/build --uninstall
  hypervisor/build --try 11.3           would the patches fit libvirt 11.3?
  hypervisor/build --sources ~/sources  on a distribution without a series

exit codes: 0 done, 1 failed, 2 wrong arguments, 130 stopped by Ctrl-C
'''


def parser():
    parsed = argparse.ArgumentParser(
        prog='hypervisor/build', description=DESCRIPTION, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    task = parsed.add_mutually_exclusive_group()
    task.add_argument(
        '--check', action='store_true',
        help='print the versions, sources, patches and changed files, and run '
             'the self-test')
    task.add_argument(
        '--package', action='store_true',
        help='build packages and an apt repository of them; installs nothing')
    task.add_argument(
        '--uninstall', action='store_true',
        help='remove the installed files; changed settings and the state of '
             'guests stay, and are named')
    task.add_argument(
        '--try', metavar='VERSION', dest='trial',
        help='apply the nearest series of patches to other sources: of a '
             'version that the distribution has, or a folder; says which '
             'hunks fail and which names these sources lack, builds nothing')
    task.add_argument(
        '--fetch-only', action='store_true',
        help='download the source packages into the cache, for --offline')
    parsed.add_argument(
        '--prefix', metavar='DIR', default=prefix.DEFAULT,
        help='folder of the programs (default: %(default)s)')
    parsed.add_argument(
        '--root', metavar='DIR', default='',
        help='write the prefix below DIR, as make does with DESTDIR')
    parsed.add_argument(
        '--only', metavar='COMPONENT', action='append',
        choices=list(components.ALL),
        help='one of %s, with its needs; may be repeated (default: all)'
             % ', '.join(components.ALL))
    parsed.add_argument(
        '--qemu-user', metavar='USER',
        help='user that runs QEMU, with a group of that name (default: %s if '
             'the distribution has made it, else %s, which the builder makes; '
             'root only if you name it)' % (users.DISTRIBUTION, users.OWN))
    parsed.add_argument(
        '--cache', metavar='DIR', default=cache.folder('hypervisor'),
        help='cache folder (default: hypervisor in $OVS_CACHE, or in '
             '~/.cache/%s)' % cache.NAME)
    parsed.add_argument(
        '--jobs', metavar='N', type=_positive,
        default=len(os.sched_getaffinity(0)),
        help='number of compilers at a time (default: one for each core)')
    parsed.add_argument(
        '--sources', metavar='LOCATION',
        help='build the versions that the project has chosen, not the '
             'distribution\'s: from a folder or a URL with the files that '
             'hypervisor/*/*/*.dsc name, or from a mirror of Debian '
             '(default: $OPENVSTORAGE_SOURCES)',
        default=os.environ.get('OPENVSTORAGE_SOURCES'))
    parsed.add_argument(
        '--update', action='store_true',
        help='use newer source packages of the distribution; otherwise the '
             'versions of the first run are kept')
    parsed.add_argument(
        '--offline', action='store_true',
        help='use the cache only, never the network')
    parsed.add_argument(
        '--no-next-steps', action='store_true',
        help='do not print what to run next: for callers that run it')
    parsed.add_argument(
        '--json', action='store_true',
        help='with --check: print JSON, and run no self-test')
    parsed.add_argument(
        '--output', metavar='DIR',
        help='with --package: folder of the repository (default: '
             'packages/DISTRIBUTION in the cache folder)')
    parsed.add_argument(
        '--sign', metavar='KEY', nargs='?', const='',
        help='with --package: sign the repository with a secret key of gpg, '
             'or without KEY with a new one that is kept in the cache')
    return parsed


def main(argv=None):
    parsed = parser()
    arguments = parsed.parse_args(argv)
    if (arguments.output or arguments.sign is not None) and not (
            arguments.package):
        parsed.error('--output and --sign go with --package')
    if arguments.json and not arguments.check:
        parsed.error('--json goes with --check')
    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, _stop)
    try:
        return _Command(arguments).run()
    except (KeyboardInterrupt, errors.Stopped):
        print('\nhypervisor/build: stopped; run it again to go on',
              file=sys.stderr)
        return errors.STOPPED
    except errors.Error as error:
        for line in error.lines():
            print('hypervisor/build: %s' % line, file=sys.stderr)
        return errors.FAILED
    except OSError as error:
        print('hypervisor/build: %s' % error, file=sys.stderr)
        return errors.FAILED


def _stop(_number, _frame):
    raise KeyboardInterrupt


class _Command:

    def __init__(self, arguments):
        self._arguments = arguments
        self._progress = progress.Progress()
        self._store = cache.Cache(arguments.cache)
        self._prefix = prefix.Prefix(prefix.check_name(arguments.prefix),
                                     os.path.abspath(arguments.root)
                                     if arguments.root else '')

    def run(self):
        # said before anything is built
        self._user = users.choose(self._arguments.qemu_user,
                                  may_make=not self._arguments.root)
        self._given = (given.GivenSources(self._arguments.sources)
                       if self._arguments.sources else None)
        if self._arguments.check:
            return check.report(self._prefix, self._arguments.json)
        if self._arguments.uninstall:
            return self._uninstall()
        with self._store.locked():
            try:
                if self._arguments.fetch_only:
                    self._pipeline().fetch()
                    return 0
                if self._arguments.package:
                    return self._package()
                if self._arguments.trial:
                    return self._try()
                staged = self._pipeline().run()
                self._install_runtime_packages(staged.values())
            except BaseException:
                run.stop_all()
                raise
        return self._install(staged)

    def _pipeline(self):
        return pipeline.Pipeline(
            _with_needed(self._arguments.only or components.ALL),
            self._store, self._progress, self._prefix.path,
            self._arguments.jobs, self._arguments.update,
            self._arguments.offline, self._given)

    def _install_runtime_packages(self, all_staged):
        needed = sorted({clause for staged in all_staged for clause in
                         runtime_dependencies(staged.about)})
        unmet = apt.unmet(needed)
        if not unmet:
            return
        if self._arguments.offline:
            raise errors.Error(
                'packages needed at run time are not installed: %s'
                % ', '.join(unmet), 'install them, or leave out --offline')
        with self._progress.phase('install packages for the run time'):
            apt.install([clause.split()[0] for clause in unmet],
                        self._store.log('apt-install'))

    def _install(self, staged):
        wanted = [each for each in staged.values()
                  if not self._prefix.is_current(each)]
        if not wanted and not self._shall_change_user(staged):
            self._progress.say('  installed in %s already'
                               % self._prefix.home)
            return 0
        owner = self._prefix.owner()
        if owner:
            raise errors.Error(
                '%s belongs to the packages %s'
                % (self._prefix.path, ' '.join(owner)),
                'apt-get purge %s, or use another --prefix'
                % ' '.join(owner))
        if not _may_write(self._prefix.home):
            return self._install_as_root()
        with self._progress.phase('install in %s' % self._prefix.home):
            self._prefix.install(wanted)
        if 'libvirt' in staged:
            users.make(self._user)
            user = self._prefix.write_settings(self._user)
            if self._arguments.qemu_user not in (None, user):
                raise errors.Error(
                    '%s/etc/libvirt/qemu.conf was changed by hand, and says '
                    'that QEMU runs as %s' % (self._prefix.path, user),
                    'write the user there')
            self._progress.say('  QEMU will run as %s (%s/etc/libvirt/'
                               'qemu.conf)' % (user, self._prefix.path))
        self._say_what_next(staged)
        return 0

    def _shall_change_user(self, staged):
        return ('libvirt' in staged and self._arguments.qemu_user not in
                (None, self._prefix.qemu_user()))

    def _install_as_root(self):
        """Do the last phase again with sudo: all else is in the cache."""
        command = ['sudo', sys.executable] + sys.argv + [
            '--cache', self._store.folder, '--offline']
        self._progress.say('  %s is not ours to write: using sudo'
                           % self._prefix.home)
        return subprocess.call(command)

    def _say_what_next(self, staged):
        self._progress.sum_up()
        home = self._prefix.path
        for pid, program in self._prefix.users():
            self._progress.say('  process %d still runs the old %s; restart '
                               'it' % (pid, program))
        if self._arguments.no_next_steps:
            return
        self._progress.say()
        self._progress.say('next: hypervisor/build --check%s' % (
            '' if home == prefix.DEFAULT else ' --prefix ' + home))
        if 'libvirt' in staged:
            self._progress.say(
                '      start %s/sbin/openvstorage-libvirtd, or its units\n'
                '        systemctl enable --now %s\n'
                '      virsh -c "qemu+unix:///system?socket=%s" list'
                % (home, ' '.join('%s/lib/systemd/system/%s' % (home, unit)
                                  for unit in configuration.UNITS),
                   configuration.socket(home)))

    def _try(self):
        projects = [part.source for part in _with_needed(
            self._arguments.only or components.ALL) if part.source]
        fits = [trial.report(project, tree, version, self._progress.say)
                for project, version, tree in trial.trees(
                    self._arguments.trial, projects, self._store,
                    self._progress)]
        return 0 if all(fits) else errors.FAILED

    def _package(self):
        staged = self._pipeline().run()
        output = os.path.abspath(self._arguments.output or
                                 self._store.path('packages',
                                                  pipeline.distribution()))
        packages.build(staged, self._prefix.path, output, self._progress,
                       self._store.log('package'), self._arguments.sign,
                       self._store.path('signing-key'))
        return 0

    def _uninstall(self):
        if self._prefix.is_empty:
            owner = self._prefix.owner()
            if owner:
                raise errors.Error(
                    '%s belongs to packages' % self._prefix.path,
                    'apt-get purge ' + ' '.join(owner))
            self._progress.say('nothing is installed in %s'
                               % self._prefix.home)
            return 0
        users = self._prefix.users()
        if users:
            raise errors.Error(
                'in use: %s' % ', '.join('%s (process %d)' % (program, pid)
                                         for pid, program in users),
                'stop the guests, libvirtd and virtlogd first')
        if not _may_write(self._prefix.home):
            return subprocess.call(['sudo', sys.executable] + sys.argv)
        with self._progress.phase('uninstall from %s' % self._prefix.home):
            stays = self._prefix.uninstall()
        for line in stays:
            self._progress.say('  stays: %s' % line)
        return 0


def runtime_dependencies(about):
    """Return Debian's dependencies of a staged component."""
    part = components.ALL[about['name']]
    return list(about['depends']) + list(part.runtime_packages)


def _with_needed(names):
    """Return the components of these names, and those that they need."""
    names = set(names)
    for name in list(names):
        names.update(components.ALL[name].depends_on)
    return [part for name, part in components.ALL.items() if name in names]


def _may_write(path):
    while not os.path.exists(path):
        path = os.path.dirname(path)
    return os.access(path, os.W_OK)


def _positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError('at least 1')
    return number
