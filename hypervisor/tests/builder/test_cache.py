# SPDX-License-Identifier: Apache-2.0

import os
import subprocess
import sys

import pytest

from hypervisor.builder import cache
from hypervisor.builder import failure
from hypervisor.builder import series


def test_a_key_depends_on_everything():
    identity = {'options': ['a', 'b'], 'prefix': '/opt/x', 'patches': {}}
    keys = {cache.key_of(identity),
            cache.key_of(dict(identity, options=['b', 'a'])),
            cache.key_of(dict(identity, prefix='/opt/y')),
            cache.key_of(dict(identity, patches={'a.patch': '0'}))}
    assert len(keys) == 4


def test_a_key_does_not_depend_on_the_order_of_names():
    assert cache.key_of({'a': 1, 'b': 2}) == cache.key_of({'b': 2, 'a': 1})


def test_what_is_remembered(tmp_path):
    store = cache.Cache(str(tmp_path))
    assert store.recall('sources') is None
    store.remember('sources', {'qemu': ['1']})
    assert cache.Cache(str(tmp_path)).recall('sources') == {'qemu': ['1']}


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / 'known').mkdir()
    (tmp_path / 'known' / 'sources.json').write_text('{')
    with pytest.raises(failure.Failure, match='sources.json is damaged'):
        cache.Cache(str(tmp_path)).recall('sources')


def test_two_builds_do_not_share_a_cache(tmp_path):
    other = ('import sys; sys.path.insert(0, sys.argv[1])\n'
             'from hypervisor.builder import cache\n'
             'with cache.Cache(sys.argv[2]).lock(): pass\n')
    command = [sys.executable, '-c', other,
               os.path.dirname(series.FOLDER), str(tmp_path)]
    with cache.Cache(str(tmp_path)).lock():
        done = subprocess.run(command, stderr=subprocess.PIPE, timeout=60)
    assert done.returncode != 0
    assert b'another build' in done.stderr
    assert subprocess.run(command, timeout=60).returncode == 0


def test_a_cache_that_cannot_be_made(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(failure.Failure, match='cannot be made'):
        cache.Cache(str(tmp_path / 'file')).make('logs')


def test_the_folder_of_the_cache(monkeypatch):
    monkeypatch.setenv('OVS_CACHE', '/somewhere')
    assert cache.default_folder() == '/somewhere/hypervisor'
    monkeypatch.delenv('OVS_CACHE')
    monkeypatch.setenv('XDG_CACHE_HOME', '/else')
    assert cache.default_folder() == '/else/%s/hypervisor' % cache.NAME
