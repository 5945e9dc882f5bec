# SPDX-License-Identifier: Apache-2.0

import csv
import io
import json
import unittest

import yaml

from ovs_storagedriver import tables

TITLES = ['Name', 'Size', 'Nodes']
ROWS = [['one: "1"', tables.Shown(1 << 30, lambda size: '1 GiB'),
         tables.Shown([{'id': 'node1'}, {'id': 'node2'}],
                      lambda nodes: '\n'.join(node['id'] for node in nodes))],
        ['two', 3, True]]
PLAIN = [{'Name': 'one: "1"', 'Size': 1 << 30,
          'Nodes': [{'id': 'node1'}, {'id': 'node2'}]},
         {'Name': 'two', 'Size': 3, 'Nodes': True}]


class TablesTestCase(unittest.TestCase):

    def test_table(self):
        self.assertEqual('+----------+-------+-------+\n'
                         '| Name     | Size  | Nodes |\n'
                         '+----------+-------+-------+\n'
                         '| one: "1" | 1 GiB | node1 |\n'
                         '|          |       | node2 |\n'
                         '| two      | 3     | True  |\n'
                         '+----------+-------+-------+',
                         tables.to_table(TITLES, ROWS))

    def test_json(self):
        self.assertEqual(PLAIN, json.loads(tables.to_json(TITLES, ROWS)))
        self.assertEqual('[]', tables.to_json(TITLES, []))

    def test_yaml(self):
        self.assertEqual(PLAIN, yaml.safe_load(tables.to_yaml(TITLES, ROWS)))
        self.assertEqual([], yaml.safe_load(tables.to_yaml(TITLES, [])))

    def test_csv(self):
        self.assertEqual(
            [TITLES, ['one: "1"', '%d' % (1 << 30), str(PLAIN[0]['Nodes'])],
             ['two', '3', 'True']],
            list(csv.reader(io.StringIO(tables.to_csv(TITLES, ROWS)))))

    def test_value(self):
        self.assertEqual('two 3 True', tables.to_value(TITLES, ROWS[1:]))
