# SPDX-License-Identifier: Apache-2.0

"""The running cloud, as its users see it: through the APIs."""

import openstack

from ovs_testbed import testbeds

#: the roles of the services' own users: "service" is what volume attach asks
#: for, "admin" is what looking at other projects' resources asks for
SERVICE_ROLES = ('service', 'admin')
#: the services find each other by the second one
INTERFACES = ('public', 'internal')


def credentials(testbed, user='admin', project=None):
    """The arguments of a login, as keystoneauth names them."""
    return {'auth_url': testbed.url('keystone', '/v3'),
            'username': user, 'password': testbed.passwords[user],
            'project_name': project or user,
            'user_domain_id': 'default', 'project_domain_id': 'default'}


def connect(testbed, user='admin', project=None):
    """Log in; use it where the testbed's network is entered."""
    return openstack.connect(
        load_yaml_config=False, load_envvars=False,
        auth=credentials(testbed, user, project),
        region_name=testbeds.REGION, identity_interface='public')


class Catalog:
    """Makes users, roles and endpoints, as far as they are not there."""

    def __init__(self, connection):
        self._identity = connection.identity
        self._roles = {role.name: role
                       for role in self._identity.roles()}

    def make_project(self, name):
        return self._identity.find_project(name) \
            or self._identity.create_project(name=name, domain_id='default')

    def make_user(self, name, password, project, roles):
        user = self._identity.find_user(name) \
            or self._identity.create_user(name=name, password=password,
                                          domain_id='default')
        for role in roles:
            self._identity.assign_project_role_to_user(
                project, user, self.role(role))

    def role(self, name):
        """A role; older keystones make "admin" alone."""
        if name not in self._roles:
            self._roles[name] = self._identity.create_role(name=name)
        return self._roles[name]

    def make_service_user(self, name, password):
        self.make_user(name, password, self.make_project('service'),
                       SERVICE_ROLES)

    def make_endpoint(self, name, kind, url):
        service = self._identity.find_service(name) \
            or self._identity.create_service(name=name, type=kind)
        there = {endpoint.interface for endpoint
                 in self._identity.endpoints(service_id=service.id)}
        for interface in INTERFACES:
            if interface not in there:
                self._identity.create_endpoint(
                    service_id=service.id, interface=interface, url=url,
                    region_id=testbeds.REGION)


def look_for_host(testbed):
    """Make a probe that is done when nova lists its compute host."""
    connection = connect(testbed)

    def probe():
        hosts = [host.state for host in connection.compute.hypervisors()]
        return 'up' in hosts, 'hosts in state %s' % hosts
    return probe


def look_for_volume_services(testbed, count):
    """Make a probe that is done when cinder's services report themselves."""
    connection = connect(testbed)

    def probe():
        states = {service.host: service.state
                  for service in connection.block_storage.services()
                  if service.binary == 'cinder-volume'}
        up = [host for host in states if states[host] == 'up']
        return len(up) >= count, states or 'no service'
    return probe


def variables(testbed, user='admin', project=None):
    """The variables that OpenStack's clients log in by."""
    values = {'OS_' + name.upper(): value for name, value in
              credentials(testbed, user, project).items()}
    return dict(values, OS_IDENTITY_API_VERSION='3',
                OS_REGION_NAME=testbeds.REGION, OS_INTERFACE='public',
                OS_VOLUME_API_VERSION=testbed.release.volume_version,
                OS_AUTH_TYPE='password', no_proxy='127.0.0.1,localhost')
