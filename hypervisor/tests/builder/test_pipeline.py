# SPDX-License-Identifier: Apache-2.0

"""The pipeline on a tiny source package of our own."""

import io
import os
import shutil
import subprocess

import pytest

from harness import cache
from harness import errors
from harness import progress
from harness import wait
from hypervisor.builder import given
from hypervisor.builder import pipeline
from hypervisor.builder.components import component

PREFIX = '/opt/here'
PATCH = '''--- a/text
+++ b/text
@@ -1,3 +1,3 @@
 one
-two
+TWO
 three
'''
CONTROL = '''Source: tiny
Maintainer: Packager <packager@localhost>
Standards-Version: 4.6.0

Package: tiny
Architecture: all
Description: for tests
'''
CHANGELOG = '''tiny (1.2-3) unstable; urgency=low

  * For tests.

 -- Packager <packager@localhost>  Thu, 01 Jan 2026 00:00:00 +0000
'''


class Tiny(component.Component):
    """Installs one file of its source."""

    name = 'tiny'
    source = 'tiny'
    build_packages = ('dpkg',)
    option = 'a'

    def __init__(self):
        self.calls = []
        self.fails_at = None

    def _called(self, what):
        self.calls.append(what)
        if what == self.fails_at:
            raise errors.Error(what + ' failed')

    def identity(self, prefix, version):
        return {'option': self.option, 'prefix': prefix}

    def configure(self, work):
        os.makedirs(work.build)
        self.python = work.python
        self._called('configure')

    def compile(self, work, phase):
        self._called('compile')
        shutil.copy(os.path.join(work.source, 'text'), work.build)

    def stage(self, work, tree):
        self._called('stage')
        os.makedirs(os.path.join(tree, 'share'))
        shutil.copy(os.path.join(work.build, 'text'),
                    os.path.join(tree, 'share'))


@pytest.fixture
def patches(make_files, tmp_path):
    return make_files({'tiny/1.2/series': '0001-two.patch\n',
                       'tiny/1.2/0001-two.patch': PATCH},
                      tmp_path / 'patches')


@pytest.fixture
def store(make_files, tmp_path):
    """A cache that has the source package, as --fetch-only leaves it."""
    store = cache.Cache(str(tmp_path / 'cache'))
    folder = store.make('sources', 'tiny_1.2-3')
    source = tmp_path / 'tiny-1.2'
    make_files({'text': 'one\ntwo\nthree\n', 'debian/control': CONTROL,
                'debian/changelog': CHANGELOG,
                'debian/source/format': '3.0 (native)\n'}, source)
    (source / 'debian' / 'rules').touch()
    (source / 'debian' / 'source' / 'format').write_text('1.0\n')
    subprocess.run(['dpkg-source', '--build', str(source)], cwd=folder,
                   check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    store.remember('sources', {pipeline.distribution():
                               {'tiny': ['1.2-3']}})
    return store


@pytest.fixture
def run(store, patches):
    def run(part, offline=True, **more):
        # every run of the command is a process of its own
        wait.stopped.clear()
        return pipeline.Pipeline(
            [part], store, progress.Progress(io.StringIO()), PREFIX, 1,
            offline=offline, patches=patches, **more).run()
    return run


def text_of(staged):
    with open(os.path.join(staged.tree, 'share', 'text')) as file:
        return file.read()


def test_patched_built_and_staged(run, store):
    staged = run(Tiny())['tiny']
    assert text_of(staged) == 'one\nTWO\nthree\n'
    assert staged.about['version'] == '1.2-3'
    assert list(staged.about['patches']) == ['0001-two.patch']
    assert list(staged.about['files']) == ['share/text']
    assert os.listdir(store.path('build')) == []


def test_the_second_run_builds_nothing(run):
    first = run(Tiny())['tiny']
    again = Tiny()
    assert run(again)['tiny'] == first
    assert again.calls == []


def test_another_machine_needs_only_the_results(run, store):
    run(Tiny())
    for name in ('sources', 'build', 'logs'):
        shutil.rmtree(store.path(name))
    again = Tiny()
    run(again)
    assert again.calls == []


@pytest.mark.parametrize('phase, repeated', [
    ('configure', ['configure', 'compile', 'stage']),
    ('compile', ['compile', 'stage']),
    ('stage', ['compile', 'stage']),
])
def test_resumed_at_the_phase_that_failed(run, phase, repeated):
    part = Tiny()
    part.fails_at = phase
    with pytest.raises(errors.Error, match=phase + ' failed'):
        run(part)
    part.fails_at = None
    part.calls.clear()
    assert text_of(run(part)['tiny']) == 'one\nTWO\nthree\n'
    assert part.calls == repeated


def test_another_option_is_another_result(run):
    first = run(Tiny())['tiny']
    other = Tiny()
    other.option = 'b'
    second = run(other)['tiny']
    assert other.calls and second.about['key'] != first.about['key']


def test_another_patch_is_another_result(run, patches):
    run(Tiny())
    path = os.path.join(patches, 'tiny', '1.2', '0001-two.patch')
    with open(path, 'w') as file:
        file.write(PATCH.replace('TWO', 'zwei'))
    assert text_of(run(Tiny())['tiny']) == 'one\nzwei\nthree\n'


def test_a_patch_that_does_not_fit(run, patches, store):
    path = os.path.join(patches, 'tiny', '1.2', '0001-two.patch')
    with open(path, 'w') as file:
        file.write(PATCH.replace(' three', ' four'))
    with pytest.raises(errors.Error, match='Hunk #1 FAILED') as caught:
        run(Tiny())
    assert os.path.exists(caught.value.log)
    with open(path, 'w') as file:
        file.write(PATCH)
    assert text_of(run(Tiny())['tiny']) == 'one\nTWO\nthree\n'


def test_offline_without_the_source(run, store):
    shutil.rmtree(store.path('sources', 'tiny_1.2-3'))
    with pytest.raises(errors.Error, match='tiny is not in the cache'):
        run(Tiny())


def test_offline_without_the_versions(run, store):
    os.unlink(store.path('known', 'sources.json'))
    with pytest.raises(errors.Error, match='does not know the source'):
        run(Tiny())


def test_offline_without_what_a_build_needs(run):
    part = Tiny()
    part.build_packages = ('no-such-package-here',)
    with pytest.raises(errors.Error, match='no-such-package-here'):
        run(part)


def test_offline_without_the_meson_of_a_series(run, store):
    part = Tiny()
    part.meson_of = {'1.2': '99'}
    with pytest.raises(errors.Error, match='needs meson 99'):
        run(part)
    python = store.path('tools', 'meson', 'bin', 'python3')
    os.makedirs(os.path.dirname(python))
    open(python, 'w').close()
    run(part)
    assert part.python == python


def test_the_distributions_meson_will_do(run):
    part = Tiny()
    part.meson_of = {'1.2': '0.1'}
    run(part)
    assert part.python is None


def test_given_sources_instead_of_the_distributions(run, store, patches,
                                                    tmp_path):
    package = store.path('sources', 'tiny_1.2-3')
    os.rename(package, tmp_path / 'given')
    description = tmp_path / 'given' / 'tiny_1.2-3.dsc'
    shutil.copy(description, os.path.join(patches, 'tiny', '1.2'))
    os.unlink(store.path('known', 'sources.json'))
    chosen = given.GivenSources(str(tmp_path / 'given'), patches)
    staged = run(Tiny(), offline=False, given=chosen)['tiny']
    assert text_of(staged) == 'one\nTWO\nthree\n'
    assert staged.about['version'] == '1.2-3'
    shutil.rmtree(tmp_path / 'given')
    again = Tiny()
    run(again, given=chosen)
    assert again.calls == []


@pytest.mark.parametrize('version, fits', [('1.1', True), ('1.2', False)])
def test_packages_that_only_one_series_needs(run, version, fits):
    part = Tiny()
    part.build_packages_of = {version: ('no-such-package-here',)}
    if fits:
        assert run(part)
        return
    with pytest.raises(errors.Error, match='no-such-package-here'):
        run(part)


def test_a_damaged_source_is_refused(run, store):
    folder = store.path('sources', 'tiny_1.2-3')
    name, = [name for name in os.listdir(folder) if '.tar.' in name]
    with open(os.path.join(folder, name), 'ab') as file:
        file.write(b'!')
    with pytest.raises(errors.Error, match='dpkg-source'):
        run(Tiny())
