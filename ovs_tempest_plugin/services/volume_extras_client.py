# SPDX-License-Identifier: Apache-2.0

"""Calls of Cinder's API that the oldest supported Tempest has no client of.

Or one that refuses what Newton answers.
"""

from oslo_serialization import jsonutils as json
from tempest.lib.common import rest_client
from tempest.lib.services.volume import base_client

try:
    from urllib import parse as urllib_parse
except ImportError:
    import urllib as urllib_parse


class VolumeExtrasClient(base_client.BaseClient):

    def revert_to_snapshot(self, volume_id, snapshot_id):
        """Give a volume back what it held at its latest snapshot (3.40)."""
        resp, body = self.post(
            'volumes/%s/action' % volume_id,
            json.dumps({'revert': {'snapshot_id': snapshot_id}}))
        self.expected_success(202, resp.status)
        return rest_client.ResponseBody(resp, body)

    def show_quotas(self, project_id):
        """A project's quotas.

        Tempest's own client wants the quota of groups, which Newton does not
        tell.
        """
        resp, body = self.get('os-quota-sets/%s' % project_id)
        self.expected_success(200, resp.status)
        return rest_client.ResponseBody(resp, json.loads(body))

    def update_quotas(self, project_id, **quotas):
        resp, body = self.put('os-quota-sets/%s' % project_id,
                              json.dumps({'quota_set': quotas}))
        self.expected_success(200, resp.status)
        return rest_client.ResponseBody(resp, json.loads(body))

    def list_manageable_volumes(self, host):
        """Return the volumes of the back end HOST, managed or not (3.8)."""
        return self._list('manageable_volumes', host)

    def list_manageable_snapshots(self, host):
        return self._list('manageable_snapshots', host)

    def _list(self, what, host):
        resp, body = self.get('%s/detail?%s' % (
            what, urllib_parse.urlencode({'host': host, 'limit': 1000})))
        self.expected_success(200, resp.status)
        return rest_client.ResponseBody(resp, json.loads(body))
