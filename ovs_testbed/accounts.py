# SPDX-License-Identifier: Apache-2.0

"""Users for Tempest's tests, made once.

Tempest can make and remove users, projects and their security groups for
each class of tests; that takes longer than many a class.
"""

import os

from harness import files
from ovs_testbed import cloud

#: how many classes of the plugin's tests run at a time
WORKERS = 3
#: what one class may ask for: [(name, roles)], each with its own project
_WANTED = (('primary', ['member']), ('alt', ['member']),
           ('admin', ['admin', 'member']))
#: what makes Tempest take them, as oslo.config reads it
VARIABLES = {'OS_AUTH__USE_DYNAMIC_CREDENTIALS': 'false'}


def path(testbed):
    """The file that names them, see Tempest's test_accounts_file."""
    return testbed.etc('tempest', 'accounts.yaml')


def make(testbed):
    """Make the users that are missing and the file."""
    catalog = cloud.Catalog(cloud.connect(testbed))
    accounts = []
    for worker in range(WORKERS):
        for kind, roles in _WANTED:
            name = 'tempest-%s-%d' % (kind, worker)
            password = testbed.passwords['tempest']
            catalog.make_user(name, password, catalog.make_project(name),
                              roles)
            accounts.append({
                'username': name, 'password': password, 'project_name': name,
                'domain_name': 'Default', 'roles': roles})
    # of the users that Tempest makes itself
    catalog.role('reader')
    # JSON is YAML, too
    files.write_json(path(testbed), accounts)


def are_there(testbed):
    return os.path.exists(path(testbed))
