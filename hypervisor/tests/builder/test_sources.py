# SPDX-License-Identifier: Apache-2.0

import os
import subprocess
import tempfile

import pytest

from harness import errors
from hypervisor.builder import sources

STANZAS = '''Types: deb
# a comment
URIs: http://archive.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/archive.gpg

Types: deb deb-src
URIs: http://security.example/debian
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://off.example
Suites: x
Components: main
'''


def test_one_line_sources(make_files):
    folder = make_files({'sources.list':
                         '# deb http://off.example x main\n'
                         'deb [signed-by=/k.gpg] http://a.example b main\n'
                         'deb-src [signed-by=/k.gpg] http://a.example b main\n'
                         'deb http://c.example d main\n'})
    (name, text), = sources.source_entries(folder)
    assert name.endswith('.list')
    assert text == ('deb-src [signed-by=/k.gpg] http://a.example b main\n'
                    'deb-src http://c.example d main\n')


def test_stanzas_keep_their_key_and_the_disabled_are_left_out(make_files):
    folder = make_files({'sources.list.d/debian.sources': STANZAS,
                         'sources.list.d/old.list.disabled': 'deb x y z'})
    (name, text), = sources.source_entries(folder)
    assert name.endswith('.sources')
    assert text.count('Types: deb-src\n') == 2
    assert 'Signed-By: /usr/share/keyrings/archive.gpg' in text
    assert 'off.example' not in text


def test_backports_are_left_out(make_files):
    folder = make_files({
        'sources.list': 'deb http://a.example b main\n'
                        'deb http://a.example b-backports main\n',
        'sources.list.d/backports.sources': STANZAS.split('\n\n')[1].replace(
            'bookworm-security', 'bookworm-backports') + '\n\n'
        + STANZAS.replace('bookworm-updates', 'bookworm-backports-sloppy')})
    texts = [text for _name, text in sources.source_entries(folder)]
    assert texts[0] == 'deb-src http://a.example b main\n'
    assert 'backports' not in texts[1]
    assert texts[1].count('Types: deb-src') == 2
    assert 'Suites: bookworm\n' in texts[1]


def test_no_sources_at_all(make_files):
    folder = make_files({'sources.list': '# nothing\n'})
    with pytest.raises(errors.Error, match='apt has no sources'):
        list(sources.source_entries(folder))


INDEX = '''Package: tiny
Binary: tiny
Version: 1.2-3
Format: 3.0 (quilt)
Files:
 0123456789abcdef0123456789abcdef 7801 tiny_1.2-3.dsc
 0123456789abcdef0123456789abcde0 980 tiny_1.2.orig.tar.xz
 0123456789abcdef0123456789abcde1 833 tiny_1.2.orig.tar.xz.asc
Package-List:
 tiny deb admin optional arch=any
'''


def test_the_index_describes_the_files_that_are_there():
    text = sources.description(INDEX, ['tiny_1.2.orig.tar.xz'])
    assert text.startswith('Source: tiny\nBinary: tiny\n')
    assert [line for line in text.splitlines() if 'tiny_' in line] == [
        ' 0123456789abcdef0123456789abcde0 980 tiny_1.2.orig.tar.xz']
    assert ' tiny deb admin' in text


CONTROL = '''Source: tiny
Maintainer: Packager <packager@localhost>
Standards-Version: 4.6.0

Package: tiny
Architecture: all
Description: for tests
'''
CHANGELOG = '''tiny (1:1.2-3) unstable; urgency=low

  * For tests.

 -- Packager <packager@localhost>  Thu, 01 Jan 2026 00:00:00 +0000
'''
PATCH = '''--- a/text
+++ b/text
@@ -1 +1 @@
-upstream
+of the distribution
'''


@pytest.fixture
def archive(make_files, tmp_path):
    """An archive with one source package, which apt's own user can read."""
    with tempfile.TemporaryDirectory(prefix='ovs-archive-') as folder:
        os.chmod(folder, 0o755)
        source = tmp_path / 'tiny-1.2'
        make_files({'text': 'upstream\n'}, source)
        dpkg = {'cwd': tmp_path, 'check': True, 'capture_output': True}
        subprocess.run(['tar', '-czf', 'tiny_1.2.orig.tar.gz', 'tiny-1.2'],
                       **dpkg)
        make_files({'debian/control': CONTROL, 'debian/rules': '',
                    'debian/changelog': CHANGELOG,
                    'debian/source/format': '3.0 (quilt)\n',
                    'debian/patches/series': 'text.patch\n',
                    'debian/patches/text.patch': PATCH}, source)
        subprocess.run(['dpkg-source', '--build', 'tiny-1.2'], **dpkg)
        for path in tmp_path.glob('tiny_*'):
            path.rename(os.path.join(folder, path.name))
        index = subprocess.run(['dpkg-scansources', '.'], cwd=folder,
                               check=True, capture_output=True).stdout
        with open(os.path.join(folder, 'Sources'), 'wb') as file:
            file.write(index)
        make_files({'etc/sources.list':
                    'deb [trusted=yes] file:%s ./\n' % folder})
        yield folder


@pytest.fixture
def apt(archive, tmp_path):
    apt = sources.Sources(str(tmp_path / 'apt'), str(tmp_path / 'log'),
                          str(tmp_path / 'etc'))
    apt.update()
    return apt


def unpack(folder):
    """Let dpkg-source verify and unpack what was fetched; return a text."""
    name, = [name for name in os.listdir(folder) if name.endswith('.dsc')]
    subprocess.run(['dpkg-source', '--extract', name, 'tree'], cwd=folder,
                   check=True, capture_output=True)
    with open(os.path.join(folder, 'tree', 'text')) as file:
        return file.read()


@pytest.mark.parametrize('lost', [(), ('tiny_1.2-3.dsc',)])
def test_a_source_package_with_and_without_its_description(
        apt, archive, tmp_path, lost):
    for name in lost:
        os.unlink(os.path.join(archive, name))
    assert apt.versions('tiny') == ['1:1.2-3']
    folder = str(tmp_path / 'fetched')
    apt.download('tiny', '1:1.2-3', folder)
    assert sorted(os.listdir(folder)) == [
        'tiny_1.2-3.debian.tar.xz', 'tiny_1.2-3.dsc', 'tiny_1.2.orig.tar.gz']
    assert unpack(folder) == 'of the distribution\n'


def test_without_its_description_a_damaged_tarball_is_refused(
        apt, archive, tmp_path):
    os.unlink(os.path.join(archive, 'tiny_1.2-3.dsc'))
    with open(os.path.join(archive, 'tiny_1.2.orig.tar.gz'), 'r+b') as file:
        file.write(b'damage')
    with pytest.raises(errors.Error, match='tiny_1.2-3.dsc') as caught:
        apt.download('tiny', '1:1.2-3', str(tmp_path / 'fetched'))
    assert '--update' in caught.value.hint
    assert not (tmp_path / 'fetched').exists()
    assert 'Hash Sum mismatch' in (tmp_path / 'log').read_text()


def test_a_source_package_without_a_tarball(apt, archive, tmp_path):
    os.unlink(os.path.join(archive, 'tiny_1.2-3.debian.tar.xz'))
    with pytest.raises(errors.Error, match='tiny_1.2-3.debian.tar.xz'):
        apt.download('tiny', '1:1.2-3', str(tmp_path / 'fetched'))
    assert not (tmp_path / 'fetched').exists()
