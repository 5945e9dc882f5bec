# SPDX-License-Identifier: Apache-2.0

"""Choose the ended sessions, for each way to end a connection."""

import collections
import unittest

from ovs_drivers.cinder import fencing

Attachment = collections.namedtuple(
    'Attachment', ['attach_status', 'attached_host', 'connector',
                   'volume_id'])
# As those of Ocata
OldAttachment = collections.namedtuple(
    'OldAttachment', ['attach_status', 'attached_host', 'volume_id'])

A = {'host': 'a', 'ip': '10.0.0.1'}
B = {'host': 'b', 'ip': '10.0.0.2'}
NAMED = {'host': 'a', 'ip': 'a.example.net'}


def attached(connector, status='attached'):
    return Attachment(status, connector['host'], connector, 'id')


def attached_as_before_queens(host):
    return Attachment('attached', host, None, 'id')


RESERVED = Attachment('reserved', None, None, 'id')

TABLE = (
    ('detach', A, [attached(A)], fencing.ALL_SESSIONS),
    ('the attachment could not be finished', A,
     [attached(A, 'attaching')], fencing.ALL_SESSIONS),
    ('evacuation: the new host is not connected yet', A,
     [attached(A), RESERVED], fencing.ALL_SESSIONS),
    ('forced detach', None, [attached(A)], fencing.ALL_SESSIONS),
    ('forced detach of what nothing is known of', None, [],
     fencing.ALL_SESSIONS),
    ('live migration: the old host', A, [attached(A), attached(B)],
     A['ip']),
    ('several instances on several hosts', B, [attached(A), attached(B)],
     B['ip']),
    ('several instances on this host', A, [attached(A), attached(A)], None),
    ('two hosts behind one address', A,
     [attached(A), attached(dict(B, ip=A['ip']))], None),
    ('forced detach of one of several', None, [attached(A), attached(B)],
     None),
    ('before Queens: live migration is not seen', A,
     [attached_as_before_queens('a')], A['ip']),
    ('before Queens: the record has the new host already', A,
     [attached_as_before_queens('b')], A['ip']),
    ('before Queens: several on this host', A,
     [attached_as_before_queens('a')] * 2, None),
    ('before Queens: forced detach', None, [attached_as_before_queens('a')],
     fencing.ALL_SESSIONS),
    ('Ocata', A, [OldAttachment('attached', 'a', 'id')], A['ip']),
    ('a host of Cinder itself', B, [], B['ip']),
    ('a host of Cinder itself beside a guest', B, [attached(A)], B['ip']),
    ('no address to tell them apart', NAMED, [attached(NAMED), attached(B)],
     None),
    ('no address at all', {'host': 'a'}, [], None),
)


class FencingTestCase(unittest.TestCase):

    def test_the_table(self):
        for what, connector, attachments, expected in TABLE:
            self.assertEqual(expected, fencing.peer(connector, attachments),
                             what)
