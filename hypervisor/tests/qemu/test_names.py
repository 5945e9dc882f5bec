# SPDX-License-Identifier: Apache-2.0

"""File names and options: what is accepted, what is refused and how."""

import json

import pytest
import tools

MIB = 1 << 20

# '{at}' is HOST:PORT of a vPool with the volumes 'v1' and 'a:b/%'; the file
# name that QEMU shows for it
ACCEPTED = [
    ('openvstorage+tcp:{at}/v1', None),
    ('openvstorage+tcp:{at}/v%31', 'openvstorage+tcp:{at}/v1'),
    ('openvstorage+tcp:localhost:{port}/v1', None),
    ('openvstorage+tcp:{at}/a%3ab%25 c', 'openvstorage+tcp:{at}/a%3Ab%25%20c'),
    ('openvstorage+tcp:{at}/v1:snapshot-timeout=5', None),
    ('openvstorage+tcp:{at}/v1:enable-ha=off', None),
    ('openvstorage+tcp:{at}/v1:enable-ha=off:snapshot-timeout=0',
     'openvstorage+tcp:{at}/v1:snapshot-timeout=0:enable-ha=off'),
    ('openvstorage+tcp:{at}/v1:snapshot-timeout=120:enable-ha=on',
     'openvstorage+tcp:{at}/v1'),
    ('json:{{"file.driver":"openvstorage","file.transport":"tcp","file.host":'
     '"{host}","file.port":{port},"file.volume":"v1"}}',
     'openvstorage+tcp:{at}/v1'),
    ('json:{{"driver":"raw","file":{{"driver":"openvstorage","transport":'
     '"tcp","host":"{host}","port":"{port}","volume":"v1",'
     '"snapshot-timeout":"7","enable-ha":"off"}}}}',
     'openvstorage+tcp:{at}/v1:snapshot-timeout=7:enable-ha=off'),
]

REFUSED = [
    ('openvstorage+tcp:{at}/none', "Cannot open volume 'none' at {at}: No "
     'such file or directory (create it first)'),
    ('openvstorage+tcp:127.0.0.1:1/v1', "Cannot connect for volume 'v1' at "
     '127.0.0.1:1 over tcp: Connection refused (check that the storagedriver '
     'runs and that the port is its edge port)'),
    ('openvstorage+tcp:no.such.host.invalid/v1', "Cannot use host "
     "'no.such.host.invalid' over tcp: it is neither an address nor a name "
     'that can be resolved'),
    ('openvstorage+tcp://{at}/v1', "There is no '//' in"),
    ('openvstorage+tcp:{at}', 'has no volume; write '
     'openvstorage+tcp:HOST[:PORT]/VOLUME'),
    ('openvstorage+tcp:/v1', 'The host is missing'),
    ('openvstorage+tcp::1/v1', 'The host is missing'),
    ('openvstorage+tcp:::1:1/v1', 'an IPv6 address goes in brackets'),
    ('openvstorage+tcp:[::1/v1', 'brackets are for an IPv6 address'),
    ('openvstorage+tcp:[h]:1/v1', 'brackets are for an IPv6 address'),
    ('openvstorage+tcp:[::1]x/v1', "'x' after ']' is not a port"),
    ('openvstorage+tcp:[::1]:1/v1', "volume 'v1' at [::1]:1 over tcp"),
    ('openvstorage+tcp:h:/v1', "'' is not a port"),
    ('openvstorage+tcp:h:port/v1', "'port' is not a port"),
    ('openvstorage+tcp:h:-1/v1', "'-1' is not a port"),
    ('openvstorage+tcp:h:0/v1', 'Port 0 is not within 1 to 65535'),
    ('openvstorage+tcp:h:65536/v1', 'Port 65536 is not within 1 to 65535'),
    ('openvstorage+tcp:{at}/', 'The name of the volume is missing'),
    ('openvstorage+tcp:{at}/:enable-ha=on', 'has 0 bytes; it must have 1'),
    ('openvstorage+tcp:{at}/' + 'n' * 255, 'name has 255 bytes; it must have '
     '1 to 254'),
    ('openvstorage+tcp:{at}/a/b', "The name 'a/b' has a '/'"),
    ('openvstorage+tcp:{at}/a%2fb', "has a '/' or a control character"),
    ('openvstorage+tcp:{at}/a%0ab', "has a '/' or a control character"),
    ('openvstorage+tcp:{at}/..', "No volume can have the name '..'"),
    ('openvstorage+tcp:{at}/a%', 'is not escaped properly'),
    ('openvstorage+tcp:{at}/a%zz', 'is not escaped properly'),
    ('openvstorage+tcp:{at}/a%00', 'is not escaped properly'),
    ('openvstorage+tcp:{at}/v1:wait=3', "'wait' is not one of the options"),
    ('openvstorage+tcp:{at}/v1:enable-ha', "'enable-ha' is not one of the"),
    ('openvstorage+tcp:{at}/v1:enable-ha=1', "Parameter 'enable-ha' expects "
     "'on' or 'off'"),
    ('openvstorage+tcp:{at}/v1:enable-ha=on:enable-ha=on',
     'The option enable-ha is given twice'),
    ('openvstorage+tcp:{at}/v1:snapshot-timeout=soon',
     "Parameter 'snapshot-timeout' expects integer"),
    ('openvstorage+tcp:{at}/v1:snapshot-timeout=-1', 'is negative'),
    ('openvstorage+udp:{at}/v1', "Unknown protocol 'openvstorage+udp'"),
    ('openvstorage+rdma:{at}/v1', "volume 'v1' at {at} over rdma: "
     'Input/output error'),
    ('openvstorage:v1', "Cannot open volume 'v1' in shared memory: Permission "
     "denied (this needs a storagedriver on this host; use transport 'tcp'"),
    ('openvstorage+shm:v1', "Cannot open volume 'v1' in shared memory"),
    ('openvstorage:', 'The name of the volume is missing'),
    ('openvstorage:{at}/v1', "'port' is not one of the options"),
]

# what is beside driver=openvstorage
REFUSED_OPTIONS = [
    ({}, "Parameter 'volume' is missing"),
    ({'volume': ''}, 'has 0 bytes'),
    ({'volume': 'v1'}, 'in shared memory'),
    ({'volume': 'v1', 'host': 'h'},
     "The parameter 'host' needs transport 'tcp' or 'rdma'"),
    ({'volume': 'v1', 'transport': 'shm', 'port': 3},
     "The parameter 'port' needs transport 'tcp' or 'rdma'"),
    ({'volume': 'v1', 'transport': 'tcp'},
     "Transport 'tcp' needs the parameter 'host'"),
    ({'volume': 'v1', 'transport': 'tcp', 'host': ''},
     "Transport 'tcp' needs the parameter 'host'"),
    ({'volume': 'v1', 'transport': 'udp', 'host': 'h'}, 'udp'),
    ({'volume': 'v1', 'transport': 'tcp', 'host': 'h', 'port': 65536},
     'Port 65536 is not within 1 to 65535'),
    ({'volume': 'v1', 'transport': 'tcp', 'host': 'h', 'size': 3},
     "Parameter 'size' is unexpected"),
    ({'volume': 'a/b', 'transport': 'tcp', 'host': 'h'}, "has a '/'"),
    ({'volume': 'v1', 'transport': 'tcp', 'host': 'h',
      'snapshot-timeout': -1}, 'is negative'),
]


@pytest.fixture
def words(vpool):
    vpool.create('v1', MIB)
    vpool.create('a:b% c', MIB)
    return {'host': vpool.host, 'port': vpool.port,
            'at': '%s:%d' % (vpool.host, vpool.port)}


def test_accepted(words):
    for name, shown in ACCEPTED:
        name = name.format(**words)
        answer = json.loads(tools.img('info', '-f', 'raw', '--output=json',
                                      name))
        assert answer['virtual-size'] == MIB
        assert answer['filename'] == (shown or name).format(**words), name


def test_refused(words):
    for name, error in REFUSED:
        # not str.format(): the names have braces of their own nowhere
        name = name.replace('{at}', words['at'])
        with pytest.raises(tools.Failed) as caught:
            tools.img('info', '-f', 'raw', name)
        expected = error.replace('{at}', words['at'])
        if name == 'openvstorage:%(at)s/v1' % words:
            expected = "'%s/v1' is not one of the options" % words['port']
        assert expected in str(caught.value), name


def test_refused_options(monitor):
    for options, error in REFUSED_OPTIONS:
        with pytest.raises(tools.Failed) as caught:
            monitor('blockdev-add', driver='openvstorage', node_name='n',
                    **options)
        assert error in str(caught.value), options
    assert monitor('query-named-block-nodes') == []


def test_a_name_and_options_that_contradict_it(words):
    with pytest.raises(tools.Failed, match="parameter 'volume' and the file "
                       'name .* cannot be given together'):
        tools.run('qemu-io', '-c', 'open -o driver=raw,file.volume=v2 '
                  'openvstorage+tcp:%(at)s/v1' % words)


def test_blockdev_shows_the_name_and_the_json_of_an_overlay(
        monitor, vpool, words, folder):
    """A backing file is written down by name, with what is not default."""
    monitor('blockdev-add', node_name='n',
            **vpool.blockdev('v1', **{'snapshot-timeout': 7}))
    node, = monitor('query-named-block-nodes')
    assert node['file'] == vpool.location('v1', ':snapshot-timeout=7')
    assert node['image']['virtual-size'] == MIB

    overlay = folder + '/overlay'
    tools.img('create', '-f', 'qcow2', '-F', 'raw', '-b',
              vpool.location('v1'), overlay)
    chain = json.loads(tools.img('info', '--backing-chain', '--output=json',
                                 overlay))
    assert [image['filename'] for image in chain] == [
        overlay, vpool.location('v1')]
