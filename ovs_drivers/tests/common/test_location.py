# SPDX-License-Identifier: Apache-2.0

import string
import unittest

import hypothesis
from hypothesis import strategies

from ovs_drivers import location

# How long an example takes depends on what else the machine does.
hypothesis.settings.register_profile('patient', deadline=None,
                                     suppress_health_check=[
                                         hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile('patient')

LETTERS = string.ascii_letters + string.digits
HOST_NAMES = strategies.builds(
    lambda first, middle, last: first + middle + last,
    strategies.sampled_from(LETTERS),
    strategies.text(LETTERS + '.-_', max_size=30),
    strategies.sampled_from(LETTERS))
IPV6 = strategies.lists(strategies.integers(0, 0xffff), min_size=8,
                        max_size=8).map(
    lambda words: ':'.join('%x' % word for word in words))
NAMES = strategies.text(
    strategies.characters(blacklist_characters='/\x7f', min_codepoint=32,
                          blacklist_categories=('Cs',)),
    min_size=1, max_size=63)
LOCATIONS = strategies.builds(
    location.Location,
    strategies.sampled_from(location.TRANSPORTS),
    strategies.one_of(HOST_NAMES, IPV6, strategies.just('10.0.0.1')),
    strategies.integers(1, 65535), NAMES,
    strategies.one_of(strategies.none(), strategies.integers(0, 10 ** 9)),
    strategies.sampled_from([None, True, False]))
# Text that is nearly a location finds more than text that is nothing
NEARLY = strategies.lists(
    strategies.sampled_from(
        ['openvstorage', '+', 'tcp', 'rdma', 'shm', ':', '/', '[', ']', '::1',
         '10.0.0.1', '26203', '0', '65536', '-1', ' ', '%', '%41', '%2f',
         '%zz', '%ff', 'volume-1', 'snapshot-timeout=', 'enable-ha=', 'on',
         'off', u'\u0663', u'\u00e9', '\n', '\0']),
    max_size=14).map(''.join)


class RoundTripTestCase(unittest.TestCase):

    @hypothesis.given(LOCATIONS)
    def test_parse_reads_what_str_writes(self, place):
        self.assertEqual(place, location.parse(str(place)))

    @hypothesis.given(LOCATIONS)
    def test_the_text_needs_no_quoting_anywhere(self, place):
        text = str(place)
        self.assertRegex(text, r'\A[A-Za-z0-9:/+\[\]._~@,=%-]+\Z')

    @hypothesis.given(strategies.one_of(strategies.text(), NEARLY))
    def test_any_text_is_read_or_refused_by_name(self, text):
        try:
            place = location.parse(text)
        except location.LocationError:
            return
        self.assertEqual(place, location.parse(str(place)))

    if not hasattr(unittest.TestCase, 'assertRegex'):
        assertRegex = unittest.TestCase.assertRegexpMatches


class GrammarTestCase(unittest.TestCase):

    def test_all_parts(self):
        place = location.parse(
            'openvstorage+rdma:sd1.example.net:26203/volume-1'
            ':snapshot-timeout=30:enable-ha=off')
        self.assertEqual(('rdma', 'sd1.example.net', 26203, 'volume-1', 30,
                          False), tuple(place))

    def test_default_port_is_that_of_qemu(self):
        self.assertEqual(
            21321, location.parse('openvstorage+tcp:host/volume').port)

    def test_ipv6_stands_in_brackets(self):
        place = location.parse('openvstorage+tcp:[fe80::1]:1/v')
        self.assertEqual('fe80::1', place.host)
        self.assertEqual('openvstorage+tcp:[fe80::1]:1/v', str(place))

    def test_names_are_unquoted(self):
        place = location.parse('openvstorage+tcp:h:1/a%3Ab%20%C3%A9')
        self.assertEqual(u'a:b \u00e9', place.name)

    def test_bytes_are_text(self):
        self.assertEqual(location.parse('openvstorage+tcp:h:1/v'),
                         location.parse(b'openvstorage+tcp:h:1/v'))

    def test_of_a_connection(self):
        text = 'openvstorage+tcp:h:1/v'
        for data in ({'device_path': text},
                     {'device_path': 'vdb', 'location': text}):
            self.assertEqual(text, str(location.of_connection(data)))
        for data in ({}, {'device_path': None}, {'location': ''}):
            with self.assertRaises(location.BadShape) as caught:
                location.of_connection(data)
            self.assertIn('device_path', str(caught.exception))

    def test_endpoints(self):
        self.assertEqual(['sd1:80', '[fe80::1]:80'],
                         [location.endpoint(host, 80)
                          for host in ('sd1', 'fe80::1')])

    def test_image_opts(self):
        place = location.parse('openvstorage+tcp:h:1/v:snapshot-timeout=5')
        self.assertEqual(
            [('driver', 'openvstorage'), ('transport', 'tcp'), ('host', 'h'),
             ('port', '1'), ('volume', 'v'), ('snapshot-timeout', '5')],
            place.image_opts())

    def test_malformed(self):
        for text, kind in (
                ('', location.BadShape),
                (None, location.BadShape),
                (b'\xff', location.BadShape),
                ('openvstorage:v', location.BadShape),
                ('openvstorage+tcp://h/v', location.BadShape),
                ('openvstorage+tcp:h:1', location.BadShape),
                ('openvstorage+tcp:h:1/v\n', location.BadName),
                ('openvstorage+tcp:h:1/a/b', location.BadShape),
                ('openvstorage+shm:h:1/v', location.BadTransport),
                ('openvstorage+:h:1/v', location.BadTransport),
                (u'openvstorage+t\u00e9:h:1/v', location.BadTransport),
                ('openvstorage+tcp::1/v', location.BadHost),
                ('openvstorage+tcp:[h]:1/v', location.BadHost),
                ('openvstorage+tcp:[::zz]:1/v', location.BadHost),
                ('openvstorage+tcp:-h:1/v', location.BadHost),
                ('openvstorage+tcp:h h:1/v', location.BadHost),
                ('openvstorage+tcp:h:/v', location.BadPort),
                ('openvstorage+tcp:h:0/v', location.BadPort),
                ('openvstorage+tcp:h:65536/v', location.BadPort),
                ('openvstorage+tcp:h:+1/v', location.BadPort),
                (u'openvstorage+tcp:h:\u0661/v', location.BadPort),
                ('openvstorage+tcp:h:1/', location.BadName),
                ('openvstorage+tcp:h:1/a%2Fb', location.BadName),
                ('openvstorage+tcp:h:1/a%00', location.BadName),
                ('openvstorage+tcp:h:1/%zz', location.BadName),
                ('openvstorage+tcp:h:1/%ff', location.BadName),
                ('openvstorage+tcp:h:1/' + 255 * 'v', location.BadName),
                ('openvstorage+tcp:h:1/v:', location.BadOption),
                ('openvstorage+tcp:h:1/v:colour=red', location.BadOption),
                ('openvstorage+tcp:h:1/v:enable-ha=yes', location.BadOption),
                ('openvstorage+tcp:h:1/v:snapshot-timeout=-1',
                 location.BadOption),
                ('openvstorage+tcp:h:1/v:enable-ha=on:enable-ha=on',
                 location.BadOption)):
            try:
                place = location.parse(text)
            except location.LocationError as error:
                self.assertIs(kind, type(error), '%r: %r' % (text, error))
            else:
                self.fail('%r was read as %r' % (text, place))

    def test_the_longest_name(self):
        name = location.NAME_BYTES_MAX * 'v'
        self.assertEqual(
            name, location.parse('openvstorage+tcp:h:1/' + name).name)
