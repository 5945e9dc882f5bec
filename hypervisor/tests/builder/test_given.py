# SPDX-License-Identifier: Apache-2.0

"""Source packages that the project has chosen, from a folder or a server."""

import functools
import hashlib
import http.server
import os
import threading

import pytest

from harness import errors
from hypervisor.builder import given

TARBALL = b'not so tiny' * 100000
NAME = 'libtiny_1.2.orig.tar.xz'
DESCRIPTION = '''Format: 3.0 (quilt)
Source: libtiny
Version: 1:1.2-3
Checksums-Sha256:
 %s %d %s
Files:
 %s %d %s
''' % (hashlib.sha256(TARBALL).hexdigest(), len(TARBALL), NAME,
       hashlib.md5(TARBALL).hexdigest(), len(TARBALL), NAME)


@pytest.fixture
def patches(make_files, tmp_path):
    return make_files({'libtiny/1.1/series': '',
                       'libtiny/1.2/series': '',
                       'libtiny/1.2/libtiny_1.2-3.dsc': DESCRIPTION,
                       'libtiny/2.0/series': '',
                       'tiny/1.0/series': ''}, tmp_path / 'patches')


@pytest.fixture
def place(tmp_path):
    folder = tmp_path / 'place'
    folder.mkdir()
    return folder


@pytest.fixture
def server(place):
    handler = functools.partial(http.server.SimpleHTTPRequestHandler,
                                directory=str(place))
    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler) as found:
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        yield 'http://127.0.0.1:%d/' % found.server_address[1]
        found.shutdown()
        thread.join()


def put(path, content=TARBALL):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def download(location, patches, tmp_path):
    """Return the files of the package, {name: content}."""
    folder = tmp_path / 'package'
    given.GivenSources(str(location), patches).download(
        'libtiny', '1:1.2-3', str(folder))
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_version_is_that_of_the_newest_description(place, patches):
    assert given.GivenSources(str(place), patches).versions('libtiny') == [
        '1:1.2-3']


def test_the_project_names_sources_of_qemu_and_libvirt(place):
    chosen = given.GivenSources(str(place))
    assert chosen.versions('qemu')[0].startswith('1:10.0.')
    assert chosen.versions('libvirt')[0].startswith('11.3.')


@pytest.mark.parametrize('path', [NAME,
                                  'pool/main/libt/libtiny/' + NAME])
def test_a_folder(place, patches, tmp_path, path):
    put(place / path)
    assert download(place, patches, tmp_path) == {
        NAME: TARBALL, 'libtiny_1.2-3.dsc': DESCRIPTION.encode()}


def test_a_server(server, place, patches, tmp_path):
    put(place / 'pool' / 'main' / 'libt' / 'libtiny' / NAME)
    assert download(server, patches, tmp_path)[NAME] == TARBALL


@pytest.mark.parametrize('content', [
    b'x' + TARBALL[1:], TARBALL[:-1], TARBALL + b'x', b''],
    ids=['changed', 'shorter', 'longer', 'empty'])
def test_another_file_is_refused(place, patches, tmp_path, content):
    put(place / NAME, content)
    with pytest.raises(errors.Error, match='is not the file that') as caught:
        download(place, patches, tmp_path)
    assert 'libtiny/1.2/libtiny_1.2-3.dsc' in str(caught.value)
    assert sorted(os.listdir(tmp_path)) == ['patches', 'place']


def test_a_file_that_is_missing(server, place, patches, tmp_path):
    for location in server, place:
        with pytest.raises(errors.Error, match='has neither') as caught:
            download(location, patches, tmp_path)
        assert 'mirror of Debian' in '\n'.join(caught.value.lines())


def test_a_server_that_is_down(patches, tmp_path):
    with pytest.raises(errors.Error, match='refused'):
        download('http://127.0.0.1:1/', patches, tmp_path)


def test_no_folder_and_no_address(patches):
    with pytest.raises(errors.Error, match='no folder /nowhere'):
        given.GivenSources('/nowhere', patches)


def test_a_project_without_a_choice(place, patches):
    with pytest.raises(errors.Error, match='no series of tiny names'):
        given.GivenSources(str(place), patches).versions('tiny')
