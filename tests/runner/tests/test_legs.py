# SPDX-License-Identifier: Apache-2.0

"""The table of legs: what it names exists, and no test is left out."""

import os
import re
import subprocess

import pytest

from tests.runner import environments
from tests.runner import legs
from tests.runner import paths
from tests.runner import results

ALL = [(layer, leg) for layer, _, its in legs.LAYERS for leg in its]
NAMES = ['%s:%s' % (layer, leg.name) for layer, leg in ALL]
#: folders of the checkout, which commands name
FOLDERS = ('devstack/', 'edge/', 'harness/', 'hypervisor/', 'ovs_doctor/',
           'ovs_drivers/', 'ovs_storagedriver/', 'ovs_tempest_plugin/',
           'ovs_testbed/', 'tests/', 'tools/')


def files():
    """Return the files of tests that git knows, or would add."""
    return subprocess.run(
        ['git', 'ls-files', '--cached', '--others', '--exclude-standard',
         '--', '*/test_*.py', '*/test_*.sh'], cwd=paths.TOP, check=True,
        text=True, stdout=subprocess.PIPE).stdout.split()


def test_where_root_may_not_mount_the_log_has_a_hint(tmp_path):
    (tmp_path / 'unshare').write_text('#!/bin/sh\nexit 1\n')
    (tmp_path / 'unshare').chmod(0o755)
    command, _ = environments.RECIPES['hypervisor']()
    done = subprocess.run(
        command[-3:], env={'PATH': '%s:/usr/bin:/bin' % tmp_path}, text=True,
        stdout=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stdout.startswith('root may not mount here; hint: ')


def test_names_are_unique():
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize('leg', [leg for _, leg in ALL], ids=NAMES)
def test_a_leg_can_be_run(leg):
    values = paths.values('results')
    words = [word.format_map(values) for word in leg.command]
    assert results.READERS[leg.results]
    assert {value.format_map(values) for value in leg.variables.values()
            } | {leg.folder.format_map(values)}
    for need in leg.needs:
        name, _, word = need.partition(':')
        recipe = environments.RECIPES[name]
        assert recipe(word) if word else recipe()
    for word in words:
        if word.startswith(FOLDERS):
            assert os.path.exists(os.path.join(paths.TOP, word)), word


def test_every_tox_environment_is_declared():
    declared = subprocess.run(
        [os.path.join(paths.tools(), 'bin', 'tox'), '--listenvs-all', '-q'],
        cwd=paths.TOP, check=True, text=True,
        stdout=subprocess.PIPE).stdout.split()
    needed = {need.partition(':')[2] for _, leg in ALL for need in leg.needs
              if need.startswith('tox:')}
    assert needed <= set(declared)


def test_no_test_is_left_out():
    words = {word for _, leg in ALL for word in leg.command}
    with open(os.path.join(paths.TOP, 'tox.ini')) as stream:
        words.update(re.findall(r'--test-path (\S+)', stream.read()))
    # meson runs those of edge/, a leg "tempest" those of a cloud
    folders = ['edge/tests', 'ovs_tempest_plugin/tests'] + [
        os.path.dirname(word) if word.endswith('/run') else word
        for word in words if word.startswith(FOLDERS)]
    left_out = [name for name in files()
                if not name.startswith(tuple(
                    folder + '/' for folder in folders))]
    assert left_out == []
