# SPDX-License-Identifier: Apache-2.0

import io

import pytest

from harness import cache
from harness import errors
from harness import progress
from hypervisor.builder import series
from hypervisor.builder import trial

PATCH = '''From 0 Mon Sep 17 00:00:00 2001
Subject: [PATCH] Add a driver

---
 2 files changed

diff --git a/driver.c b/driver.c
new file mode 100644
index 0000000..1111111
--- /dev/null
+++ b/driver.c
@@ -0,0 +1,16 @@
+#include "known.h"
+#include "moved.h"
+
+/* old_comment() */
+static int own_function(struct own *own)
+{
+    return known_call(OLD_FLAG | KNOWN_FLAG, "old_text()");
+}
+
+struct own {
+    int own_member;
+};
+
+static Driver driver = {
+    .known_callback = own_function, .old_callback = own_function,
+};
diff --git a/list b/list
index 2222222..3333333 100644
--- a/list
+++ b/list
@@ -1,2 +1,3 @@
 one
+driver
 two
diff --git a/gone b/gone
index 2222222..3333333 100644
--- a/gone
+++ b/gone
@@ -1 +1 @@
-one
+two
'''
HEADER = '''#define KNOWN_FLAG 1
typedef struct {
    int (*known_callback)(struct own *own);
} Driver;
int known_call(int flags, const char *text);
/* old_callback() */
'''
SOURCES = {'meson.build': "project('qemu', version: files('VERSION'))\n",
           'VERSION': '10.0.13\n', 'include/known.h': HEADER,
           'list': 'one\ntwo\n', 'gone': 'one\n'}


@pytest.fixture
def patches(make_files, tmp_path):
    return make_files({'qemu/7.2/series': 'add.patch\n',
                       'qemu/7.2/add.patch': PATCH}, tmp_path / 'patches')


@pytest.fixture
def tree(make_files, tmp_path):
    return make_files(SOURCES, tmp_path / 'tree')


@pytest.fixture
def report(patches):
    """Return a function that gives (whether all fits, what is said)."""
    def report(tree):
        said = []
        fits = trial.report('qemu', tree, '10.0.13', said.append, patches)
        return fits, '\n'.join(said)
    return report


def test_all_hunks_fit(report, tree, tmp_path):
    fits, said = report(tree)
    assert fits
    assert said.startswith('qemu 10.0.13, with the series of 7.2\n')
    assert '0 of 3 hunks fail' in said
    assert (tmp_path / 'tree/list').read_text() == 'one\ndriver\ntwo\n'


def test_names_that_are_gone(tree):
    found = trial.gone(trial.parts(PATCH), tree)
    assert found == dict.fromkeys(
        ['.old_callback', 'OLD_FLAG', 'moved.h'], 'driver.c')


def test_a_hunk_that_fails_and_a_file_that_is_gone(report, make_files,
                                                   tree, tmp_path):
    make_files({'list': 'one\nanother\n'}, tmp_path / 'tree')
    (tmp_path / 'tree/gone').unlink()
    fits, said = report(tree)
    assert not fits
    assert '  add.patch\n    list: hunk 1, at line 1\n' in said
    assert '    gone: hunk 1, there is no such file\n' in said
    assert '2 of 3 hunks fail, 3 names are gone' in said
    assert (tmp_path / 'tree/list.rej').exists()
    assert (tmp_path / 'tree/driver.c').exists()


@pytest.mark.parametrize('version, nearest', [
    ('7.1', '7.2'), ('7.2', '7.2'), ('8.2.2', '7.2'), ('10.0.13', '10.0'),
    ('11.0', '10.0')])
def test_the_nearest_series(make_files, version, nearest):
    folder = make_files({'qemu/7.2/series': '', 'qemu/10.0/series': ''})
    assert series.nearest('qemu', version, folder).version == nearest


@pytest.fixture
def trees(tmp_path):
    def trees(wanted):
        return list(trial.trees(
            wanted, ['qemu'], cache.Cache(str(tmp_path / 'cache')),
            progress.Progress(io.StringIO())))
    return trees


def test_a_folder_stays_as_it_is(trees, tree, tmp_path):
    (project, version, copy), = trees(tree)
    assert (project, version) == ('qemu', '10.0.13')
    (tmp_path / copy / 'list').write_text('changed\n')
    assert (tmp_path / 'tree/list').read_text() == 'one\ntwo\n'


def test_a_folder_of_something_else(trees, tmp_path):
    with pytest.raises(errors.Error, match='no sources of a project'):
        trees(str(tmp_path))


@pytest.mark.parametrize('wanted', ['10.0', '99'])
def test_a_version_that_the_distribution_has(trees, monkeypatch, wanted):
    class Apt:
        def __init__(self, *_arguments):
            pass

        def update(self):
            pass

        def versions(self, _project):
            return ['1:9.1-1', '1:10.0.13-1']

        def download(self, _project, _version, _folder):
            pass

    monkeypatch.setattr('hypervisor.builder.sources.Sources', Apt)
    monkeypatch.setattr('hypervisor.builder.sources.unpack',
                        lambda *_arguments: None)
    if wanted == '99':
        with pytest.raises(errors.Error, match='version 99') as caught:
            trees(wanted)
        assert 'qemu 1:9.1-1, qemu 1:10.0.13-1' in caught.value.hint
    else:
        (project, version, _tree), = trees(wanted)
        assert (project, version) == ('qemu', '10.0.13-1')
