# SPDX-License-Identifier: Apache-2.0

"""The results of each kind of tests, as its own tool has written them."""

import os
import shutil
import subprocess
from xml.etree import ElementTree

import pytest

from tests.runner import paths
from tests.runner import results

SAMPLES = os.path.join(os.path.dirname(__file__), 'samples')
PYTEST = '''\
import pytest

def test_passes():
    pass

def test_fails():
    assert "<wanted>" == "found"

@pytest.mark.skip(reason="this machine has no tape")
def test_skipped():
    pass

@pytest.fixture
def broken():
    raise RuntimeError("no tape at all")

def test_never_runs(broken):
    pass
'''
SHELL = '''\
source %s/devstack/tests/unittest.sh
function test_it {
    assert_equal "a<b" $'c&"d"\\e[1m' "equality & more"
    assert_true "truth" true
}
test_it
report_results
'''


@pytest.fixture
def folder(tmp_path):
    results.clear(str(tmp_path))
    return str(tmp_path)


def read(kind, folder, status=0):
    return results.Results(results.read(kind, folder, status))


def keep_stestr(folder, number):
    os.makedirs(folder + '/.stestr', exist_ok=True)
    shutil.copy(os.path.join(SAMPLES, 'stestr'),
                '%s/.stestr/%d' % (folder, number))


def test_stestr(folder):
    keep_stestr(folder, 0)
    found = read('stestr', folder, 1)
    assert (found.counts, found.failed, found.skipped) == ((1, 2, 1), [
        'sample.test_sample.SampleTestCase.test_fails',
        'setUpClass (sample.test_sample.BrokenTestCase)'],
        {'this machine has no tape': 1})


def test_all_runs_of_stestr_count_and_none_of_earlier(folder):
    keep_stestr(folder, 7)
    results.clear(folder)
    keep_stestr(folder, 8)
    keep_stestr(folder, 10)
    assert read('stestr', folder, 1).counts == (2, 4, 2)


def test_a_test_that_has_not_ended(folder):
    keep_stestr(folder, 0)
    with open(folder + '/.stestr/0', 'r+') as stream:
        stream.truncate(300)
    assert read('stestr', folder, 1).failed == [
        'sample.test_sample.SampleTestCase.test_fails']


def test_a_stream_of_stestr_that_is_damaged(folder):
    keep_stestr(folder, 0)
    with open(folder + '/.stestr/0') as stream:
        text = stream.read()
    with open(folder + '/.stestr/0', 'w') as stream:
        stream.write(text)      # with other ends of lines
    assert 'the results of stestr are damaged' in read(
        'stestr', folder).failed


def test_pytest(folder):
    with open(folder + '/test_sample.py', 'w') as stream:
        stream.write(PYTEST)
    subprocess.run(['/usr/bin/python3', '-m', 'pytest', '-q', '-p',
                    'no:cacheprovider', '--junitxml=pytest.xml'], cwd=folder)
    found = read('junit', folder, 1)
    assert (found.counts, found.failed, found.skipped) == (
        (1, 2, 1), ['test_sample.test_fails', 'test_sample.test_never_runs'],
        {'this machine has no tape': 1})


def test_shell(folder):
    script = folder + '/test_sample.sh'
    with open(script, 'w') as stream:
        stream.write(SHELL % paths.TOP)
    subprocess.run(['bash', script],
                   env=dict(os.environ, OVS_TEST_RESULTS=folder))
    found = read('junit', folder, 1)
    assert (found.counts, found.failed) == (
        (1, 1, 0), ['test_sample.test_it.equality & more'])


def test_meson_and_what_it_has_run(folder):
    shutil.copy(os.path.join(SAMPLES, 'testlog.json'), folder)
    with open(folder + '/pytest-soak.xml', 'w') as stream:
        stream.write('<testsuites><testsuite><testcase classname="soak" '
                     'name="test_soak"/></testsuite></testsuites>')
    # not read: it does not tell that a test took too long
    shutil.copy(folder + '/pytest-soak.xml', folder + '/testlog.junit.xml')
    found = read('meson', folder, 1)
    assert (found.counts, found.failed) == (
        (2, 2, 1), ['meson.server waits', 'meson.client abi'])


def test_a_command(folder):
    assert read('command', folder).counts == (1, 0, 0)
    assert read('command', folder, 2).failed == ['exit status 2']


@pytest.mark.parametrize('kind', ['junit', 'meson', 'stestr'])
def test_no_test_is_a_failure(folder, kind):
    assert read(kind, folder).failed == ['no test was run']
    assert read(kind, folder, -9).failed == ['exit status -9']


def test_skipped_tests_are_no_run(folder):
    with open(folder + '/some.xml', 'w') as stream:
        stream.write('<testsuite><testcase name="it"><skipped/></testcase>'
                     '</testsuite>')
    found = read('junit', folder)
    assert (found.counts, found.failed, found.skipped) == (
        (0, 1, 1), ['no test was run'], {'without a reason': 1})


def test_a_command_that_fails_after_its_tests(folder):
    with open(folder + '/some.xml', 'w') as stream:
        stream.write('<testsuite><testcase name="it"/></testsuite>')
    assert read('junit', folder, 3).counts == (1, 1, 0)


def test_a_file_that_was_cut_off(folder):
    with open(folder + '/some.xml', 'w') as stream:
        stream.write('<testsuite><testcase name=')
    found, = read('junit', folder, 1).failed
    assert found.startswith('some.xml: ')


def test_one_file_has_all(folder):
    keep_stestr(folder, 0)
    found = read('stestr', folder, 1)
    path = folder + '/junit/unit-py27.xml'
    found.write(path, 1.5)
    root = ElementTree.parse(path).getroot()
    assert root.attrib == {'name': 'unit-py27', 'tests': '4', 'failures': '2',
                           'skipped': '1', 'time': '1.500'}
    assert results.Results([root]).counts == found.counts
