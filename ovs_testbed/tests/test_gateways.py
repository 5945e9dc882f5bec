# SPDX-License-Identifier: Apache-2.0

import json
import os
import subprocess
import sys
import tempfile
import unittest

from ovs_testbed import gateways
from ovs_testbed import testbeds


def line(*rows):
    """A line of "ovsdb-client monitor" with rows of (action, port, host)."""
    return json.dumps({'data': [
        ['id', action, port, ['map', [['redirect-chassis', host]]
                              if host else []]]
        for action, port, host in rows]})


class GatewaysTestCase(unittest.TestCase):

    def missing(self, *rows):
        return list(gateways.missing(line(*rows)))

    def test_ports_that_are_there_come_and_change(self):
        self.assertEqual(
            [('lrp-a', 'one'), ('lrp-b', 'two')],
            self.missing(('initial', 'lrp-a', 'one'),
                         ('insert', 'lrp-b', 'two')))
        self.assertEqual([('lrp-a', 'two')],
                         self.missing(('old', None, 'one'),
                                      ('new', 'lrp-a', 'two')))

    def test_ports_inside_and_ports_that_go(self):
        self.assertEqual([], self.missing(('insert', 'lrp-a', None),
                                          ('delete', 'lrp-b', 'one')))

    def test_an_unchanged_column_is_null(self):
        self.assertEqual([], list(gateways.missing(json.dumps(
            {'data': [['id', 'old', 'lrp-a', None]]}))))

    def test_each_gets_its_gateway(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, script in (
                    ('ovsdb-client', "echo '%s'" % line(
                        ('initial', 'lrp-a', 'one'))),
                    ('ovn-nbctl', 'echo "$@" >&2')):
                path = os.path.join(folder, name)
                with open(path, 'w') as stream:
                    stream.write('#!/bin/sh\n%s\n' % script)
                os.chmod(path, 0o700)
            done = subprocess.run(
                [sys.executable, '-m', 'ovs_testbed.gateways', 'tcp:db'],
                env=dict(os.environ, PATH=folder + ':' + os.environ['PATH']),
                cwd=testbeds.CHECKOUT, stderr=subprocess.PIPE,
                stdout=subprocess.DEVNULL, check=True, text=True)
        self.assertEqual('--db=tcp:db lrp-set-gateway-chassis lrp-a one\n',
                         done.stderr)
