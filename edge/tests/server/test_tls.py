# SPDX-License-Identifier: Apache-2.0

"""STARTTLS: what is demanded, what is refused, and what a hostile peer gets
out of it."""

import contextlib
import os
import socket
import ssl
import struct
import subprocess
import threading

import pytest

from support import engine as engines
from support import keys
from support import wire

MIB = 1 << 20
TRUSTS_NONE = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@pytest.fixture(scope='module')
def key_folder(tmp_path_factory):
    return keys.x509_folder(str(tmp_path_factory.mktemp('tls') / 'keys'))


def serve(data, folder, *extra):
    return engines.Engine(
        data, control=data + '.socket', tls=keys.client_context(folder),
        extra=['--tls', 'x509', '--tls-dir', folder, *extra])


@pytest.fixture
def secured(data, key_folder):
    with serve(data, key_folder) as engine:
        with wire.Options(engine.control) as control:
            control.create('v', 8 * MIB)
        yield engine
        engine.stop()
    status, text = engines.check(data)
    assert status == 0, text


def refusal(options, option, data=b''):
    with pytest.raises(wire.OptionError) as refused:
        options.replies(option, data)
    return refused.value.reply


@contextlib.contextmanager
def after_starttls(address):
    """A connection that is to go on with the handshake."""
    with wire.Options(address) as options:
        assert options.replies(wire.OPT_STARTTLS) == []
        yield options.sock


def is_closed(sock):
    sock.settimeout(engines.WAIT)
    try:
        while sock.recv(65536):
            pass
    except ConnectionResetError:
        pass
    return True


# The engine demands TLS

@pytest.mark.parametrize('number, sent', [
    (wire.OPT_LIST, b''), (wire.OPT_INFO, b'\0\0\0\1v\0\0'),
    (wire.OPT_GO, b'\0\0\0\1v\0\0'), (wire.OPT_OVS, b'\0\1' + bytes(16)),
    (8, b''), (99, b'x' * 1000)])
def test_nothing_is_answered_before_tls(secured, number, sent):
    with wire.Options(secured.address) as options:
        for _ in range(3):
            assert refusal(options, number, sent) == wire.REP_ERR_TLS_REQD


def test_export_name_before_tls_ends_the_connection(secured):
    with wire.Options(secured.address) as options:
        options.send(wire.OPT_EXPORT_NAME, b'v')
        assert options.sock.recv(1) == b''


def test_abort_is_heard_before_tls(secured):
    with wire.Options(secured.address) as options:
        assert options.replies(wire.OPT_ABORT) == []
        assert options.sock.recv(1) == b''


def test_all_of_it_by_tls(secured):
    with secured.options() as options:
        assert options.export_names() == ['v']
        options.hello()
        assert options.info('v').size == 8 * MIB
    content = os.urandom(3 * MIB)
    with secured.open('v') as disk:
        disk.write(12345, content)
        disk.flush()
        assert disk.read(12345, len(content)) == content


def test_the_unix_socket_stays_plain(secured):
    with wire.Options(secured.control) as options:
        assert refusal(options, wire.OPT_STARTTLS) == wire.REP_ERR_UNSUP
        assert options.export_names() == ['v']


def test_an_engine_without_tls_says_so(engine):
    with engine.options() as options:
        assert refusal(options, wire.OPT_STARTTLS) == wire.REP_ERR_UNSUP
        options.hello()


def test_starttls_has_no_data_and_comes_once(secured):
    with wire.Options(secured.address) as options:
        assert refusal(options, wire.OPT_STARTTLS,
                       b'x') == wire.REP_ERR_INVALID
        assert refusal(options, wire.OPT_LIST) == wire.REP_ERR_TLS_REQD
    with secured.options() as options:
        assert refusal(options, wire.OPT_STARTTLS) == wire.REP_ERR_INVALID
        assert options.export_names() == ['v']


@pytest.mark.parametrize('version', [
    ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_versions(secured, key_folder, version):
    context = keys.client_context(key_folder)
    context.minimum_version = context.maximum_version = version
    with wire.Options(secured.address, tls=context) as options:
        assert options.sock.version().replace('.', '_') == version.name
        assert options.export_names() == ['v']


def test_the_newest_version_is_preferred(secured):
    with secured.options() as options:
        assert options.sock.version() == 'TLSv1.3'


@pytest.mark.filterwarnings('ignore:.*TLSv1')
def test_old_versions_are_refused(secured, key_folder):
    context = keys.client_context(key_folder)
    context.set_ciphers('ALL:@SECLEVEL=0')
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        wire.Options(secured.address, tls=context)


# The engine lets clients in

def answered(address, context):
    """Return true if the engine answers an option by TLS."""
    try:
        with wire.Options(address, tls=context) as options:
            return options.export_names() == []
    except (ssl.SSLError, ConnectionError):
        return False


def test_clients_are_verified(data, key_folder, folder):
    strangers = keys.x509_folder(os.path.join(folder, 'strangers'))
    stranger = keys.client_context(key_folder)
    stranger.load_cert_chain(os.path.join(strangers, 'client-cert.pem'),
                             os.path.join(strangers, 'client-key.pem'))
    server = keys.client_context(key_folder)
    server.load_cert_chain(os.path.join(key_folder, 'server-cert.pem'),
                           os.path.join(key_folder, 'server-key.pem'))
    with serve(data, key_folder, '--tls-verify-client') as engine:
        friend = keys.client_context(key_folder, certificate=True)
        assert answered(engine.address, friend)
        assert not answered(engine.address, keys.client_context(key_folder))
        assert not answered(engine.address, stranger)
        assert not answered(engine.address, server)     # made for another use
        assert answered(engine.address, friend)
        engine.stop()
    assert 'TLS handshakes failed, the last with 127.0.0.1' \
        in engine.log_text()


@pytest.mark.waits
def test_an_expired_client_is_refused(data, folder):
    authority = keys.Authority(os.path.join(folder, 'authority'))
    place = os.path.join(folder, 'keys')
    authority.issue(place, 'server')
    authority.issue(place, 'client', days=-1)
    with serve(data, place, '--tls-verify-client') as engine:
        assert not answered(engine.address, keys.client_context(place, True))
        authority.issue(place, 'client')
        assert answered(engine.address, keys.client_context(place, True))
        engine.stop()


# Bytes that come in before the handshake are never taken

def option(number, data=b''):
    return struct.pack('>QII', wire.OPTION_MAGIC, number, len(data)) + data


CREATE_W = option(wire.OPT_OVS, struct.pack('>H', wire.CREATE) +
                  wire.pack_str('w') + struct.pack('>Q', MIB) + bytes(16) +
                  wire.pack_str(''))


@pytest.mark.parametrize('injected', [
    CREATE_W, CREATE_W[:10], option(wire.OPT_LIST), b'\0'])
def test_bytes_beside_starttls_are_never_taken(secured, injected):
    """CVE-2021-3716: a man in the middle adds plain bytes to STARTTLS, and
    the server takes them for the client's after the handshake."""
    with wire.Options(secured.address) as options:
        options.sock.sendall(option(wire.OPT_STARTTLS) + injected)
        with pytest.raises((ssl.SSLError, ConnectionError, AssertionError)):
            options.reply()
            options.sock = secured.tls.wrap_socket(
                options.sock, server_hostname=secured.address[0])
            options.reply()
    with secured.options() as options:
        assert options.export_names() == ['v']


def test_bytes_before_the_handshake_are_never_taken(secured):
    with after_starttls(secured.address) as sock:
        sock.sendall(CREATE_W)
        assert is_closed(sock)
    with secured.options() as options:
        assert options.export_names() == ['v']


# A connection that is cut, changed, or slow

class Wire:
    """TLS whose bytes go through our hands."""

    def __init__(self, engine):
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        options = wire.Options(engine.address)
        assert options.replies(wire.OPT_STARTTLS) == []
        self.sock = options.sock
        self.tls = engine.tls.wrap_bio(self.incoming, self.outgoing,
                                       server_hostname=engine.address[0])
        self.until(self.tls.do_handshake)

    def until(self, step):
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                self.sock.sendall(self.outgoing.read())
                received = self.sock.recv(65536)
                assert received, 'the engine closed the connection'
                self.incoming.write(received)

    def open(self, name):
        data = name.encode()
        self.tls.write(option(wire.OPT_GO, struct.pack(
            '>I', len(data)) + data + b'\0\0'))
        answer = b''
        while not answer.endswith(struct.pack(
                '>QIII', wire.OPTION_REPLY_MAGIC, wire.OPT_GO, 1, 0)):
            answer += self.until(lambda: self.tls.read(65536))

    def encrypted(self, data):
        assert not self.outgoing.read()
        self.tls.write(data)
        return self.outgoing.read()


def write_request(offset, content):
    return struct.pack('>IHHQQI', wire.REQUEST_MAGIC, 0, wire.WRITE, 7,
                       offset, len(content)) + content


def opens(engine):
    with wire.Options(engine.control) as control:
        return control.info('v').opens


@pytest.mark.parametrize('spoil', [
    lambda record: record[:-1],
    lambda record: record[:len(record) // 2],
    lambda record: record[:-1] + bytes([record[-1] ^ 1]),
    lambda record: record[:40] + bytes([record[40] ^ 128]) + record[41:],
], ids=['last byte cut', 'half cut', 'last bit changed', 'bit changed'])
def test_a_part_of_a_request_is_none(secured, spoil):
    with secured.open('v') as disk:
        disk.write(0, b'old' * 1000)
    peer = Wire(secured)
    peer.open('v')
    peer.sock.sendall(spoil(peer.encrypted(
        write_request(0, b'NEW' * 1000))))
    peer.sock.shutdown(socket.SHUT_WR)
    assert is_closed(peer.sock)
    engines.poll('the connection is gone', lambda: not opens(secured))
    with secured.open('v') as disk:
        assert disk.read(0, 3000) == b'old' * 1000


def test_a_record_that_comes_twice_is_refused(secured):
    peer = Wire(secured)
    peer.open('v')
    record = peer.encrypted(write_request(0, b'NEW!'))
    peer.sock.sendall(record)
    assert peer.until(lambda: peer.tls.read(16))[4:8] == bytes(4)
    with secured.open('v') as disk:
        disk.write(0, b'more')
    peer.sock.sendall(record)
    assert is_closed(peer.sock)
    with secured.open('v') as disk:
        assert disk.read(0, 4) == b'more'


@pytest.mark.waits
def test_a_handshake_that_stalls_holds_up_no_other(secured):
    """More clients stall than the engine has threads; all of them end."""
    outgoing = ssl.MemoryBIO()
    hello = secured.tls.wrap_bio(ssl.MemoryBIO(), outgoing,
                                 server_hostname='localhost')
    with pytest.raises(ssl.SSLWantReadError):
        hello.do_handshake()
    hello = outgoing.read()
    with contextlib.ExitStack() as stack:
        stalled = []
        for number in range(30):
            sock = stack.enter_context(after_starttls(secured.address))
            sock.sendall((b'', hello[:3], hello[:-1])[number % 3])
            stalled.append(sock)
        with secured.open('v') as disk:
            for number in range(200):
                disk.write(number * 4096, b'x' * 4096)
        for sock in stalled:
            assert is_closed(sock)


def descriptors(engine):
    return len(os.listdir('/proc/%d/fd' % engine.process.pid))


def fail(address, number, hello):
    """Fail a handshake in one of several ways."""
    with contextlib.suppress(OSError):
        with after_starttls(address) as sock:
            if number % 4 == 0:
                sock.sendall(os.urandom(300))
            elif number % 4 == 1:
                sock.sendall(hello[:len(hello) // 2])
                return
            elif number % 4 == 2:
                sock.sendall(hello + b'\x15\x03\x03\0\2\2\x28')
            else:
                with TRUSTS_NONE.wrap_socket(
                        sock, server_hostname='localhost'):
                    raise AssertionError('an unknown authority is trusted')
            sock.shutdown(socket.SHUT_WR)
            is_closed(sock)


@pytest.mark.waits
def test_failed_handshakes_leave_nothing_behind(secured):
    outgoing = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        secured.tls.wrap_bio(ssl.MemoryBIO(), outgoing,
                             server_hostname='localhost').do_handshake()
    hello = outgoing.read()
    for number in range(100):
        fail(secured.address, number, hello)
    engines.poll('the first are gone', lambda: descriptors(secured) < 60)
    before, memory = descriptors(secured), secured.memory()
    for number in range(1000):
        fail(secured.address, number, hello)
    engines.poll('they are gone', lambda: descriptors(secured) <= before)
    if not engines.is_sanitized():
        assert secured.memory() < memory + 4 * MIB
    lines = secured.log_text().count('TLS handshakes failed')
    assert 1 <= lines < 200
    with secured.options() as options:
        assert options.export_names() == ['v']


# Only openssl's own client does this

@contextlib.contextmanager
def openssl_client(engine, *arguments):
    """openssl s_client, by a relay that says STARTTLS for it."""
    with socket.create_server(('127.0.0.1', 0)) as listener:
        client = subprocess.Popen(
            ['openssl', 's_client', '-connect', '127.0.0.1:%d'
             % listener.getsockname()[1], *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        sock, _ = listener.accept()
    with sock, after_starttls(engine.address) as far:
        relays = [threading.Thread(target=relay, args=pair)
                  for pair in ((sock, far), (far, sock))]
        for thread in relays:
            thread.start()
        try:
            yield client
        finally:
            client.kill()
            client.wait()
            client.stdin.close()
            client.stdout.close()
            for thread in relays:
                thread.join(engines.WAIT)


def relay(one, other):
    with contextlib.suppress(OSError):
        while True:
            data = one.recv(65536)
            if not data:
                break
            other.sendall(data)
    with contextlib.suppress(OSError):
        other.shutdown(socket.SHUT_WR)


def test_renegotiation_is_refused(secured):
    with openssl_client(secured, '-tls1_2') as client:
        client.stdin.write(b'R\n')
        client.stdin.flush()
        text = client.communicate(timeout=engines.WAIT)[0].decode()
    assert 'RENEGOTIATING' in text
    assert 'renegotiation' in text.lower() and 'error' in text, text[-2000:]
    with secured.options() as options:
        assert options.export_names() == ['v']


# Keys that are not as they should be

def start_error(data, *arguments):
    done = subprocess.run(
        [engines.binary(), 'serve', '--data', data, *arguments],
        timeout=engines.WAIT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert not done.stdout and os.listdir(data) == []
    return done.returncode, done.stderr.decode()


def test_a_key_that_others_may_read(data, folder):
    place = os.path.join(folder, 'keys')
    keys.pre_share(keys.x509_folder(place), 'alice')
    for kind, name in (('psk', 'keys.psk'), ('x509', 'server-key.pem')):
        path = os.path.join(place, name)
        os.chmod(path, 0o644)
        status, text = start_error(data, '--tls', kind, '--tls-dir', place)
        assert status == 1 and 'chmod o= ' + path in text
        os.chmod(path, 0o640)
        engines.Engine(data, extra=['--tls', kind, '--tls-dir', place]).stop()
        for left in os.listdir(data):
            subprocess.run(['rm', '-r', os.path.join(data, left)], check=True)


@pytest.mark.parametrize('kind, missing', [
    ('psk', 'keys.psk'), ('x509', 'server-cert.pem'),
    ('x509', 'server-key.pem'), ('x509', 'ca-cert.pem')])
def test_a_file_that_is_missing(data, folder, kind, missing):
    place = os.path.join(folder, 'keys')
    keys.pre_share(keys.x509_folder(place), 'alice')
    os.unlink(os.path.join(place, missing))
    verify = ['--tls-verify-client'] if missing == 'ca-cert.pem' else []
    status, text = start_error(data, '--tls', kind, '--tls-dir', place,
                               *verify)
    assert status == 1
    assert os.path.join(place, missing) + ': No such file' in text


def test_a_key_of_another_certificate(data, folder):
    place = keys.x509_folder(os.path.join(folder, 'keys'))
    os.rename(os.path.join(place, 'client-key.pem'),
              os.path.join(place, 'server-key.pem'))
    status, text = start_error(data, '--tls', 'x509', '--tls-dir', place)
    assert status == 1 and 'server-key.pem' in text


@pytest.mark.parametrize('content, word', [
    ('', 'no key'), ('\n', 'no key'), ('alice\n', ':1:'),
    ('alice:00112233445566778899aabbccddeeff\nbob:short\n', ':2:'),
    ('alice:0011\n', ':1:'), (':00112233445566778899aabbccddeeff\n', ':1:'),
    ('alice:00112233445566778899aabbccddeefg\n', ':1:')])
def test_pre_shared_keys_that_are_none(data, folder, content, word):
    place = keys.pre_share(os.path.join(folder, 'keys'))
    with open(os.path.join(place, 'keys.psk'), 'w') as file:
        file.write(content)
    status, text = start_error(data, '--tls', 'psk', '--tls-dir', place)
    assert status == 1
    assert word in text and '00112233' not in text


@pytest.mark.parametrize('arguments', [
    ('--tls', 'ssl'), ('--tls', 'psk', '--tls-verify-client'),
    ('--tls-verify-client',)])
def test_bad_arguments(data, arguments):
    status, text = start_error(data, *arguments)
    assert status == 2 and '--tls' in text
