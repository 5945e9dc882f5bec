# SPDX-License-Identifier: Apache-2.0

"""bin/test with legs of the test: output, exit status, files."""

import json
import os
import signal
import subprocess
import sys
import time
from xml.etree import ElementTree

import pytest

from tests.runner import __main__ as program
from tests.runner import environments
from tests.runner import legs
from tests.runner import paths
from tests.runner import prepare

CASE = '<testcase classname="a.B" name="%s">%s</testcase>'


def leg(name, script='', cases=(), **more):
    """Return a leg that is a shell script, behind tests with some results."""
    text = ''.join(CASE % (test, how) for test, how in cases)
    if text:
        script = ("echo '<testsuite>%s</testsuite>' >$RESULTS/it.xml\n"
                  % text) + script
    return legs.Leg(name, ('sh', '-c', script), 'junit',
                    variables={'RESULTS': '{results}'}, **more)


PASSING = leg('good', cases=[('test_a', ''), ('test_b', '')])
FAILING = leg('bad', 'echo the last words; exit 1', [
    ('test_c', '<failure/>'), ('test_d', '')])


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """Keep everything in a folder of the test, and the machine as it is."""
    for name in ('LOGS', 'CACHE'):
        monkeypatch.setattr(paths, name, str(tmp_path / name))
        os.mkdir(getattr(paths, name))
    monkeypatch.setattr(prepare, 'prepare', lambda: None)
    handler = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, handler)


@pytest.fixture
def run(monkeypatch, capsys):
    def run_it(its, *arguments):
        monkeypatch.setattr(legs, 'LAYERS', (('some', 'tests', its),))
        status = program.main(arguments)
        printed = capsys.readouterr()
        return status, printed.out.splitlines(), printed.err.splitlines()
    return run_it


def junit(name):
    return ElementTree.parse(
        os.path.join(paths.LOGS, 'junit', name + '.xml')).getroot()


def test_all_pass(run):
    status, out, err = run([PASSING])
    assert (status, err) == (0, [])
    assert out[0].split() == ['some', 'good', '2', 'passed', '0', 'failed',
                              '0', 'skipped', '0', 's', 'ok']
    assert out[1:] == ['2 passed, 0 failed, 0 skipped']
    assert junit('some-good').get('tests') == '2'


def test_a_failing_leg(run):
    status, out, err = run([PASSING, FAILING])
    assert status == 1
    assert any(line.split()[1:6] + line.split()[-1:] == [
        'bad', '1', 'passed', '1', 'failed', 'FAILED'] for line in out)
    log = os.path.join(paths.LOGS, 'some-bad.log')
    assert err == ['--- the end of ' + log, 'the last words']
    assert out[-4:] == ['failed:', 'some bad: ' + log, '  a.B.test_c',
                        '3 passed, 1 failed, 0 skipped']
    assert junit('some-bad').get('failures') == '1'


def test_no_more_than_the_end_of_a_log(run):
    _, _, err = run([leg('bad', 'seq 100; exit 1')])
    assert err[1:] == [str(number) for number in range(61, 101)]


def test_a_leg_without_tests(run):
    status, out, _ = run([leg('empty', 'exit 0')])
    assert status == 1
    assert out[-2:] == ['  no test was run', '0 passed, 1 failed, 0 skipped']


def test_results_of_an_earlier_run_do_not_count(run):
    assert run([leg('it', cases=[('test_a', '')])])[0] == 0
    assert run([leg('it')])[0] == 1


def test_a_crash_behind_good_tests(run):
    status, out, _ = run([leg('crash', 'kill -SEGV $$', [('test_a', '')])])
    assert status == 1
    assert out[-2:] == ['  exit status -11', '1 passed, 1 failed, 0 skipped']


def test_a_program_that_is_not_there(run):
    gone = legs.Leg('gone', ('/not/there',), 'junit')
    status, out, err = run([gone, PASSING])
    assert status == 1
    assert '/not/there' in err[-1]
    assert out[-2:] == ['  exit status 127', '2 passed, 1 failed, 0 skipped']


def test_a_leg_that_does_not_end(run, monkeypatch):
    monkeypatch.setattr(program.runs, '_LIMIT_SECONDS', 0.1)
    status, out, _ = run([leg('endless', 'sleep 1000')])
    assert status == 1
    assert out[-2].startswith('  no end after')


def test_reasons_of_skipped_tests(run):
    skip = '<skipped message="no  tape"/>'
    status, out, _ = run([leg('it', cases=[
        ('test_a', ''), ('test_b', skip), ('test_c', skip),
        ('test_d', '<skipped>no disk</skipped>')])])
    assert status == 0
    assert [line.split() for line in out[1:]] == [
        ['1', 'x', 'skipped:', 'no', 'disk'],
        ['2', 'x', 'skipped:', 'no', 'tape'],
        ['1', 'passed,', '0', 'failed,', '3', 'skipped']]


def test_what_a_leg_needs_is_made_once(run, monkeypatch):
    made = os.path.join(paths.LOGS, 'made')
    monkeypatch.setitem(environments.RECIPES, 'thing', lambda word: [
        ('sh', '-c', 'echo %s >>%s' % (word, made))])
    status, _, _ = run([
        leg('a', 'cat ' + made, [('test_a', '')], needs=('thing:one',)),
        leg('b', 'cat ' + made, [('test_a', '')], needs=('thing:one',))])
    assert status == 0
    with open(made) as stream:
        assert stream.read() == 'one\n'


def test_what_a_leg_needs_cannot_be_made(run, monkeypatch):
    monkeypatch.setitem(environments.RECIPES, 'thing', lambda: [
        ('sh', '-c', 'echo there is no clay; exit 1')])
    status, out, err = run([leg('a', needs=('thing',)),
                            leg('b', needs=('thing',))])
    assert status == 1
    assert 'there is no clay' in err
    assert len([line for line in out if line.startswith(
        '  thing could not be made, see ' + paths.LOGS)]) == 2


def test_an_unknown_layer(run, monkeypatch):
    monkeypatch.setattr(prepare, 'prepare', pytest.fail)
    assert run([PASSING], 'some', 'none') == (2, [], [
        "bin/test: there is no layer 'none'; bin/test --list names them"])


def test_the_machine_cannot_be_prepared(run, monkeypatch):
    def fail():
        raise prepare.Failure('apt-get could not install: tape')
    monkeypatch.setattr(prepare, 'prepare', fail)
    assert run([PASSING]) == (2, [], [
        'bin/test: apt-get could not install: tape'])


def test_one_leg_of_a_layer(run):
    status, out, _ = run([PASSING, FAILING], 'some:good', 'some:good')
    assert (status, out[-1]) == (0, '2 passed, 0 failed, 0 skipped')


def test_list(run):
    assert run([PASSING], '--list') == (
        0, ['  some          tests'], [])


def test_repeat(run):
    """A leg that fails once is not repeated away."""
    shaky = leg('shaky', 'test -e $RESULTS/again || '
                '{{ touch $RESULTS/again; exit 1; }}', [('test_a', '')])
    status, out, _ = run([PASSING, shaky], '--repeat', '3')
    assert status == 1
    table = [line.split() for line in out]
    start = table.index(['layer', 'leg', 'passed', 'failed'])
    assert sorted(table[start + 1:start + 3]) == [
        ['some', 'good', '3', '0'], ['some', 'shaky', '2', '1']]
    assert out[-1] == '9 passed, 1 failed, 0 skipped'
    assert sorted(os.listdir(os.path.join(paths.LOGS, 'junit'))) == [
        'some-%s-%d.xml' % (name, number)
        for name in ('good', 'shaky') for number in (1, 2, 3)]


def test_no_repetition_at_all(run):
    with pytest.raises(SystemExit) as error:
        run([PASSING], '--repeat', '0')
    assert error.value.code == 2


def test_times_of_legs_that_passed_are_kept(run):
    run([PASSING, FAILING])
    with open(os.path.join(paths.CACHE, 'test-times.json')) as stream:
        assert list(json.load(stream)) == ['some-good']


STOPPED = '''\
import sys
from tests.runner import __main__, legs, paths, prepare, processes
paths.LOGS = paths.CACHE = sys.argv[1]
prepare.prepare = lambda: None
processes._GRACE_SECONDS = 0.5
legs.LAYERS = (('some', 'tests', [
    legs.Leg(name, ('sh', '-c', script), 'junit', load=0.1,
             variables={'LOGS': sys.argv[1]})
    for name, script in (
        ('polite', 'trap "echo cleaned up; exit" INT; echo $$ >$LOGS/pid-1; '
                   'while :; do sleep 0.1; done'),
        ('deaf', 'trap "" INT TERM; sleep 1000 & '
                 'echo $! >$LOGS/pid-2; wait'),
        ('daemon', 'setsid sleep 1000 & echo $! >$LOGS/pid-3; wait'))]),)
sys.exit(__main__.main([]))
'''


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_stopped(tmp_path, number):
    """Tests clean up; what does not listen is ended too."""
    running = subprocess.Popen(
        [sys.executable, '-c', STOPPED, str(tmp_path)], cwd=paths.TOP,
        text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        # a shell has its background jobs ignore it, and all that they start
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    pids = [_wait_for(tmp_path / name, running)
            for name in ('pid-1', 'pid-2', 'pid-3')]
    running.send_signal(number)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out, err) == (130, '', 'bin/test: stopped\n')
    assert (tmp_path / 'some-polite.log').read_text() == 'cleaned up\n'
    assert not any(_runs(pid) for pid in pids)


def _wait_for(path, process):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if path.exists() and path.read_text().endswith('\n'):
            return int(path.read_text())
        time.sleep(0.02)
    process.kill()
    pytest.fail('there is no %s after 30 s: %s'
                % (path, process.stderr.read()))


def _runs(pid):
    try:
        with open('/proc/%d/stat' % pid) as stream:
            return stream.read().rpartition(')')[2].split()[0] != 'Z'
    except FileNotFoundError:
        return False


def test_a_leg_that_wants_to_be_named(run):
    long = leg('long', cases=[('test_e', '')], only_named=True)
    for arguments, tests in ((), 2), (('some',), 3), (('some:long',), 1):
        status, lines, _ = run((PASSING, long), *arguments)
        assert status == 0
        assert '%d passed' % tests in lines[-1]
