# SPDX-License-Identifier: Apache-2.0

import json
import unittest

from ovs_tempest_plugin.services import volume_extras_client


class Response(dict):

    status = 200


class VolumeExtrasClientTestCase(unittest.TestCase):

    def setUp(self):
        super(VolumeExtrasClientTestCase, self).setUp()
        self.asked = []

        def ask(url, body=None):
            self.asked.append((url, body and json.loads(body)))
            return Response(), json.dumps(self.answer)

        self.client = volume_extras_client.VolumeExtrasClient(
            None, 'volumev3', 'RegionOne')
        self.client.get = self.client.put = ask

    def test_quotas_of_newton(self):
        """They have no groups, which Tempest's own client demands."""
        self.answer = {'quota_set': {
            'id': 'f6ec299c9dae507ba652c80e15010675', 'volumes': 10,
            'snapshots': 10, 'gigabytes': 1000, 'backups': 10,
            'backup_gigabytes': 1000, 'per_volume_gigabytes': -1}}
        self.assertEqual(
            self.answer, dict(self.client.show_quotas('a-project')))
        self.client.update_quotas('a-project', volumes=20, snapshots=20)
        self.assertEqual(
            [('os-quota-sets/a-project', None),
             ('os-quota-sets/a-project',
              {'quota_set': {'volumes': 20, 'snapshots': 20}})], self.asked)
