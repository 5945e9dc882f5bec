# SPDX-License-Identifier: Apache-2.0

"""From the distribution's source packages to trees that can be installed.

A result is kept under a key of everything that it depends on. What failed or
was interrupted is resumed at the phase where it stopped.
"""

import concurrent.futures
import json
import os
import platform
import shutil

from harness import apt
from harness import cache
from harness import errors
from harness import run
from hypervisor.builder import meson
from hypervisor.builder import series
from hypervisor.builder import sources
from hypervisor.builder import staging
from hypervisor.builder.components import component

# Part of every key: raise it when the builder makes another result of the
# same input.
_FORMAT = 1
_SOURCES = 'sources'


class Pipeline:
    """Builds components into the cache.

    :param parts: the components, those that others need first
    :param update: ask the distribution for newer source packages
    :param offline: use what is in the cache, or fail
    :param given: source packages to use in place of the distribution's
    """

    def __init__(self, parts, store, progress, prefix, jobs, update=False,
                 offline=False, given=None, patches=series.FOLDER):
        self._parts = parts
        self._store = store
        self._progress = progress
        self._prefix = prefix
        self._jobs = jobs
        self._update = update
        self._offline = offline
        self._given = given
        self._patches = patches
        self._abouts = {}
        self._staged = {}

    def run(self):
        """Return {name: Staged} of all components."""
        self.resolve()
        wanted = [part for part in self._parts
                  if self._find(part) is None]
        if wanted:
            self._install_build_packages_and_fetch(wanted)
            self._build(wanted)
        return {part.name: self._staged[part.name] for part in self._parts}

    def fetch(self):
        """Bring everything into the cache that a build needs."""
        self.resolve()
        self._fetch(self._parts)

    def resolve(self):
        """Find out which source, patches and key each component has."""
        offered = self._offered()
        for part in self._parts:
            about = {'name': part.name}
            if part.source:
                version, chosen = series.choose(
                    part.source, offered[part.source], self._patches)
                about.update(source=part.source, version=version,
                             series=chosen.version, patches=chosen.hashes())
            else:
                about.update(version=part.version(), patches={})
            about['key'] = cache.key_of(json.dumps(
                [_FORMAT, distribution(), platform.machine(), about,
                 part.identity(self._prefix, about.get('series'))],
                sort_keys=True))
            self._abouts[part.name] = about
            self._progress.say('  %s' % title(about))

    def _offered(self):
        """Return {source package: versions}, remembered or asked for."""
        sources = [part.source for part in self._parts if part.source]
        if self._given:
            return {source: self._given.versions(source)
                    for source in sources}
        known = self._store.recall(_SOURCES) or {}
        known = known.get(distribution(), {})
        if all(source in known for source in sources) and not self._update:
            return known
        if self._offline:
            raise errors.Error(
                'the cache does not know the source packages %s of %s'
                % (' and '.join(sources), distribution()),
                'run this once without --offline')
        private = self._source_packages()
        with self._progress.phase('lists of source packages'):
            problem = None
            try:
                private.update()
            except errors.Error as error:
                # another archive of the machine may have no sources
                problem = error
            try:
                offered = {source: private.versions(source)
                           for source in sources}
            except errors.Error:
                raise problem or errors.Error(
                    'no source packages %s' % ' and '.join(sources))
        known = dict(known, **offered)
        everything = self._store.recall(_SOURCES) or {}
        self._store.remember(
            _SOURCES, dict(everything, **{distribution(): known}))
        return known

    def _source_packages(self):
        return self._given or sources.Sources(
            self._store.make('apt'), self._store.log('apt-sources'))

    def _find(self, part):
        if part.name not in self._staged:
            staged = staging.find(self._folder('staged', part),
                                  self._abouts[part.name]['key'])
            if staged is None:
                return None
            self._staged[part.name] = staged
        return self._staged[part.name]

    def _folder(self, kind, part):
        about = self._abouts[part.name]
        return self._store.path(kind, '%s-%s' % (part.name, about['key']))

    def _source_folder(self, part):
        about = self._abouts[part.name]
        return self._store.path('sources', sources.folder_name(
            about['source'], about['version']))

    def _install_build_packages_and_fetch(self, parts):
        """Both wait for the network most of the time."""
        with _threads() as pool:
            jobs = [pool.submit(self._provide_tools, parts),
                    pool.submit(self._fetch, parts)]
        for job in jobs:
            job.result()

    def _provide_tools(self, parts):
        self._install_build_packages(parts)
        for part in parts:
            meson.make(self._meson(part), self._store, self._offline)

    def _meson(self, part):
        return part.meson_of.get(self._abouts[part.name].get('series'))

    def _install_build_packages(self, parts):
        needed = {package for part in parts
                  for package in self._build_packages(part)}
        missing = apt.missing(sorted(needed))
        if not missing:
            return
        if self._offline:
            raise errors.Error(
                'packages needed for the build are not installed: %s'
                % ' '.join(missing), 'run this without --offline')
        with self._progress.phase('install packages for the build') as phase:
            apt.install(missing, self._store.log('apt-install'))
            phase.detail = '%d packages named' % len(missing)

    def _build_packages(self, part):
        series = self._abouts[part.name].get('series')
        return part.build_packages + part.build_packages_of.get(series, ())

    def _fetch(self, parts):
        for part in parts:
            if not part.source or os.path.isdir(self._source_folder(part)):
                continue
            if self._offline:
                raise errors.Error(
                    'the source package %s is not in the cache'
                    % part.source, 'run this without --offline')
            with self._progress.phase('%s: fetch the source' % part.name):
                self._source_packages().download(
                    part.source, self._abouts[part.name]['version'],
                    self._source_folder(part))

    def _build(self, parts):
        """Build one after the other, but unpack and configure side by side.

        The compiler keeps all cores busy; the rest keeps one of them busy.
        """
        with _threads() as pool:
            try:
                for part in parts:
                    if not part.source:
                        # others are configured with what it has
                        self._prepare(part)
                        self._compile(part)
                        self._stage(part)
                parts = [part for part in parts if part.source]
                prepared = [pool.submit(self._prepare, part)
                            for part in parts]
                for part, job in zip(parts, prepared):
                    job.result()
                    self._compile(part)
                    self._stage(part)
            except BaseException:
                run.stop_all()
                raise

    def _work(self, part):
        home = self._folder('build', part)
        os.makedirs(home, exist_ok=True)
        edge = self._staged.get('edge')
        return component.Work(
            source=os.path.join(home, 'source'),
            build=os.path.join(home, 'build'),
            log=self._store.log('%s-%s' % (
                part.name, self._abouts[part.name]['key'])),
            jobs=self._jobs, prefix=self._prefix,
            series=self._abouts[part.name].get('series'),
            python=meson.python(self._meson(part), self._store),
            edge=edge.tree if edge else None)

    def _prepare(self, part):
        work = self._work(part)
        if part.source and not os.path.isdir(work.source):
            with self._progress.phase('%s: unpack and patch' % part.name):
                self._unpack(part, work)
        done = work.build + '.configured'
        if not os.path.exists(done):
            with self._progress.phase('%s: configure' % part.name):
                shutil.rmtree(work.build, ignore_errors=True)
                part.configure(work)
            open(done, 'w').close()

    def _unpack(self, part, work):
        """Make the patched sources, whole or not at all."""
        about = self._abouts[part.name]
        temporary = work.source + '.new'
        shutil.rmtree(temporary, ignore_errors=True)
        sources.unpack(self._source_folder(part), temporary, work.log)
        chosen = series.load(part.source, about['series'], self._patches)
        for path in chosen.paths():
            # no fuzz: a patch that must be guessed at needs a person
            work.run(['patch', '--strip=1', '--fuzz=0', '--forward',
                      '--batch', '--input=' + path], cwd=temporary)
        os.rename(temporary, work.source)

    def _compile(self, part):
        with self._progress.phase('%s: compile' % part.name) as phase:
            part.compile(self._work(part), phase)

    def _stage(self, part):
        with self._progress.phase('%s: stage' % part.name) as phase:
            staged = staging.stage(
                part, self._work(part), self._folder('staged', part),
                self._abouts[part.name])
            phase.detail = '%.1f MB' % (staged.size / 1e6)
        self._staged[part.name] = staged
        self._forget_builds(part)

    def _forget_builds(self, part):
        """Remove the build of a component, and what older ones left."""
        home = self._store.path('build')
        for name in os.listdir(home):
            if name.rpartition('-')[0] == part.name:
                shutil.rmtree(os.path.join(home, name))


def title(about):
    """Return a line that says what a component is made of."""
    if not about.get('series'):
        return '%s %s, key %s' % (about['name'], about['version'],
                                  about['key'])
    return '%s %s, %d patches, key %s' % (
        about['name'], about['version'], len(about['patches']),
        about['key'])


def distribution():
    """Return like "debian-12", from /etc/os-release."""
    release = platform.freedesktop_os_release()
    return '%s-%s' % (release['ID'], release.get('VERSION_ID', ''))


def _threads():
    return concurrent.futures.ThreadPoolExecutor(max_workers=3)
