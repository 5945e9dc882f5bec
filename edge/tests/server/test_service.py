# SPDX-License-Identifier: Apache-2.0

"""The process: its command line, sockets, limits and end."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading

import pytest

from support import engine as engines
from support import wire

MIB = 1 << 20


def run(*arguments):
    done = subprocess.run([engines.binary(), *arguments], timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_help_teaches():
    status, text, _ = run('--help')
    assert status == 0
    for word in ('serve', 'check', '--data', '--listen', '--control',
                 'nbdinfo'):
        assert word in text


@pytest.mark.parametrize('arguments, word', [
    ((), 'serve or check'),
    (('dance', '--data', 'x'), 'dance'),
    (('serve',), '--data'),
    (('serve', '--data', 'x', 'y'), 'y'),
    (('serve', '--data', 'x', '--connections', '0'), '--connections'),
    (('serve', '--data', 'x', '--connections', 'many'), '--connections'),
])
def test_bad_arguments(arguments, word):
    status, text, complaint = run(*arguments)
    assert status == 2 and not text
    assert word in complaint


@pytest.mark.parametrize('address', [
    '1234', 'localhost', '::1:80', '[::1]', '[]:1', '127.0.0.1:',
    '127.0.0.1:99999', '300.1.2.3:1'])
def test_bad_addresses(data, address):
    status, _, complaint = run('serve', '--data', data, '--listen', address)
    assert status == 1
    assert address in complaint
    assert engines.check(data)[0] == 0


def congestion_control(engine, source):
    """Return what the engine's end of a connection uses."""
    with socket.create_connection(engine.address, 60, (source, 0)) as client:
        client.sendall(b'\0\0\0\3')
        assert client.recv(8) == b'NBDMAGIC'    # it is accepted
        text = subprocess.run(
            ['ss', '-Htin', 'sport = :%d and dport = :%d' % (
                engine.address[1], client.getsockname()[1])],
            stdout=subprocess.PIPE, check=True, timeout=60).stdout.decode()
    return text.splitlines()[1].split()[0]


@pytest.mark.skipif(not shutil.which('ss'), reason='needs ss (iproute2)')
def test_replies_are_not_paced_inside_a_host(engine):
    assert congestion_control(engine, '127.0.0.1') == 'reno'


@pytest.mark.skipif(not shutil.which('ss'), reason='needs ss (iproute2)')
def test_who_comes_from_elsewhere_has_the_host_s_congestion_control(engine):
    with open('/proc/sys/net/ipv4/tcp_congestion_control') as file:
        usual = file.read().strip()
    # to the engine another address is another host
    assert congestion_control(engine, '127.0.0.2') == usual


def test_an_address_that_is_taken(engine, folder):
    other = os.path.join(folder, 'other')
    os.mkdir(other)
    status, _, complaint = run('serve', '--data', other, '--listen',
                               '%s:%d' % engine.address)
    assert status == 1 and 'in use' in complaint


def test_several_addresses_and_a_control_socket(data, folder):
    control = os.path.join(folder, 'control')
    engine = engines.Engine(data, control=control,
                            listen=('127.0.0.1:0', '127.0.0.2:0'))
    assert stat.S_IMODE(os.stat(control).st_mode) == 0o600
    assert [host for host, _ in engine.addresses] == [
        '127.0.0.1', '127.0.0.2']
    with wire.Options(control) as options:
        options.create('v', MIB)
    with wire.Data(engine.addresses[1], 'v') as disk:
        disk.write(0, b'x')
    with wire.Data(engine.addresses[0], 'v') as disk:
        assert disk.read(0, 1) == b'x'
    engine.restart(kill=True)     # the stale socket does not hinder
    with wire.Options(control) as options:
        assert options.stat('v') == (MIB, 0)
    engine.stop()
    assert not os.path.exists(control)


def test_it_listens_on_loopback_only_by_default(data):
    process = subprocess.Popen(
        [engines.binary(), 'serve', '--data', data],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    line = process.stdout.readline()
    process.terminate()
    process.wait(60)
    process.stdout.close()
    if line:    # else something else has the port
        assert line == b'ready 127.0.0.1:21321\n'


def test_the_ready_line_goes_where_it_is_wanted(data):
    ready, told = os.pipe()
    with subprocess.Popen(
            [engines.binary(), 'serve', '--data', data, '--listen',
             '127.0.0.1:0', '--ready-fd', str(told)], pass_fds=(told,),
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        os.close(told)
        with os.fdopen(ready) as pipe:
            assert pipe.readline().startswith('ready 127.0.0.1:')
        process.terminate()
        assert process.stdout.read() == b''
        assert process.wait(60) == 0


STARTER = """
import subprocess, sys
engine = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE)
print('started', flush=True)
engine.wait()
"""


def test_it_ends_with_its_starter(data):
    """Which is killed as soon as there is an engine, ready or not."""
    starter = subprocess.Popen(
        [sys.executable, '-c', STARTER, engines.binary(), 'serve', '--data',
         data, '--listen', '127.0.0.1:0', '--exit-on-stdin-eof'],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert starter.stdout.readline() == b'started\n'
    starter.kill()
    # The engine has the other end of this pipe as well.
    starter.communicate(timeout=engines.WAIT)
    assert starter.returncode == -signal.SIGKILL


def test_the_end_of_stdin_is_a_clean_stop(data):
    engine = engines.Engine(data, extra=['--exit-on-stdin-eof'],
                            stdin=subprocess.PIPE)
    with engine.options() as control:
        control.create('v', MIB)
    with engine.open('v') as disk:
        disk.write(0, b'x')
    engine.process.stdin.write(b'words are no end')
    engine.process.stdin.flush()
    with engine.open('v') as disk:
        assert disk.read(0, 1) == b'x'
    engine.process.stdin.close()
    assert engine.process.wait(60) == 0
    assert 'stopped' in engine.log_text()


def test_verbose_tells_each_control_request(data):
    engine = engines.Engine(data, extra=['--verbose'])
    with engine.options() as control:
        control.create('v', MIB)
        with pytest.raises(wire.Refused):
            control.create('v', MIB)
        control.snapshot('v', 's')
    engine.open('v').close()
    engine.stop()
    for line in (' debug volume create of v: done (',
                 ' debug volume create of v: failed: ',
                 ' debug snapshot create of v: done (',
                 " debug volume 'v': opened"):
        assert line in engine.log_text()


def test_without_verbose_a_request_is_no_line(engine):
    with engine.options() as control:
        control.create('v', MIB)
    engine.open('v').close()
    engine.stop()
    assert ' debug ' not in engine.log_text()


def test_connections_are_limited(data):
    engine = engines.Engine(data, extra=['--connections', '5'])
    held = [engine.options() for _ in range(5)]
    with pytest.raises((ConnectionError, OSError)):
        engine.options()
    held.pop().close()
    engines.poll('a place to become free', lambda: works(engine))
    for options in held:
        options.close()
    engine.stop()


def works(engine):
    try:
        engine.options().close()
        return True
    except OSError:
        return False


def test_term_answers_what_was_asked_and_flushes(engine):
    with engine.options() as control:
        control.create('v', 64 * MIB)
    disk = engine.open('v')
    cookies = {disk.send(wire.WRITE, n * MIB, MIB, b'%08d' % n * (MIB // 8))
               for n in range(32)}
    answered = set()
    while cookies - answered:
        cookie, error = disk.reply()
        assert not error
        answered.add(cookie)
    engine.restart(boot_id='the-next-boot')
    with engine.open('v') as disk:
        for n in range(32):
            assert disk.read(n * MIB, 8) == b'%08d' % n
    assert 'did not stop cleanly' not in engine.log_text()


def test_many_open_volumes_take_little_memory(engine):
    count = 150
    with engine.options() as control:
        for number in range(count):
            control.create('v%d' % number, 1 << 30)
    before = engine.memory()
    disks = []
    for number in range(count):
        disks.append(engine.open('v%d' % number))
        disks[-1].write(number * 65536, b'x' * 4096)
        assert disks[-1].read(number * 65536, 4) == b'xxxx'
    each = (engine.memory() - before) / count
    print('%.1f KiB per open volume' % (each / 1024))
    for disk in disks:
        disk.close()
    if not engines.is_sanitized():
        assert each < 200 * 1024


def test_volumes_are_unloaded_and_reopened_under_churn(engine):
    with engine.options() as control:
        for number in range(4):
            control.create('v%d' % number, 4 * MIB)
    failures = []

    def churn(number):
        try:
            for turn in range(40):
                with engine.open('v%d' % (number % 4)) as disk:
                    at = (number * 40 + turn) * 4096
                    disk.write(at, bytes([turn + 1]) * 4096)
                with engine.open('v%d' % (number % 4)) as disk:
                    assert disk.read(at, 4096) == bytes([turn + 1]) * 4096
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=churn, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not failures


def test_reset_connections_leave_nothing_behind(engine):
    with engine.options() as control:
        control.create('v', 64 * MIB)
        control.hello()
        for _ in range(30):
            disk = engine.open('v')
            disk.send(wire.READ, 0, 32 * MIB)
            disk.send(wire.FLUSH)
            disk.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                 b'\1\0\0\0\0\0\0\0')
            disk.sock.close()
        engines.poll('all connections to be gone',
                     lambda: control.info('v').opens == 0)
