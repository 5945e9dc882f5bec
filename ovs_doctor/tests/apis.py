# SPDX-License-Identifier: Apache-2.0

"""APIs that answer as those of a cloud in which all is well."""

import datetime


def ago(seconds):
    """A time as the APIs write it."""
    then = datetime.datetime.now(datetime.timezone.utc) \
        - datetime.timedelta(seconds=seconds)
    return then.replace(tzinfo=None).isoformat()


def service(binary):
    return {'binary': binary, 'host': 'testbed', 'state': 'up',
            'status': 'enabled', 'updated_at': ago(1)}


def compute():
    """The answers of Nova, if all is well, by the first part of the path."""
    return {
        '/os-services': {'services': [service('nova-compute')]},
        '/os-hypervisors/detail': {'hypervisors': [
            {'hypervisor_hostname': 'vm', 'state': 'up',
             'status': 'enabled'}]},
        '/servers': {'servers': [{'id': 'server'}]}}


def placement():
    """Those of Placement."""
    return {
        '/resource_providers': {'resource_providers': [
            {'name': 'vm', 'uuid': 'its-uuid'}]},
        '/resource_providers/its-uuid/inventories': {
            'inventories': {'VCPU': {}}}}


def storage():
    """Those of Cinder."""
    return {
        '/os-services': {'services': [service('cinder-volume')]},
        '/types': {'volume_types': [
            {'name': 'myvpool01', 'id': 'type',
             'extra_specs': {'volume_backend_name': 'myvpool01'}},
            {'name': '__DEFAULT__', 'id': 'default', 'extra_specs': {}}]},
        '/scheduler-stats/get_pools': {'pools': [
            {'capabilities': {'volume_backend_name': 'myvpool01'}}]},
        '/volumes/detail': {'volumes': [
            {'id': 'used', 'status': 'in-use', 'updated_at': ago(9999),
             'created_at': ago(9999),
             'attachments': [{'server_id': 'server'}]},
            {'id': 'new', 'status': 'creating', 'updated_at': None,
             'created_at': ago(5), 'attachments': []}]}}


class FakeApi:

    is_admin = True

    def __init__(self, **answers):
        self.answers = answers

    def get(self, kind, path):
        answer = self.answers[kind][path.split('?')[0]]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def all(self, kind, path, name):
        return self.get(kind, path)[name]

    def has(self, kind):
        return kind in self.answers
