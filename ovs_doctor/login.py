# SPDX-License-Identifier: Apache-2.0

"""The administrator's login on a host: of the variables of openrc, else of
clouds.yaml, else that of a service that has the right."""

import os
import pwd

from ovs_doctor import probe

_PATHS = ('clouds.yaml', '~/.config/openstack/clouds.yaml',
          '/etc/openstack/clouds.yaml')
#: the entries of clouds.yaml that DevStack and OpenStack-Ansible write
_NAMES = ('devstack-admin', 'default', 'admin')
_OPTIONS = ('auth_url', 'username', 'password', 'project_name', 'project_id',
            'user_domain_id', 'user_domain_name', 'project_domain_id',
            'project_domain_name')
#: what one login says beside that, by the name that others have for it
_OTHERS = {'region_name': 'region_name', 'interface': 'interface',
           'endpoint_type': 'interface', 'cacert': 'cacert',
           'cafile': 'cacert', 'insecure': 'insecure'}


def find(patient):
    """Return the options of a login; None if there is none."""
    return _of_variables(os.environ) or _of_clouds(patient) \
        or _of_services(patient)


def _of_variables(variables):
    given = {name[3:].lower(): value for name, value in variables.items()
             if name.startswith('OS_') and value}
    given.setdefault('project_name', given.get('tenant_name'))
    return _login(given, given)


def _of_clouds(patient):
    path = next(filter(os.path.isfile, _paths()), None)
    program = next((program for program in patient.programs.values()
                    if program.python and program.service
                    in patient.openstack()), None)
    if not path or not program:
        return None
    answer, = probe.ask(patient, [('content', {'path': path}, program)])
    clouds = (answer.facts.get('content') or {}).get('clouds') or {}
    names = [os.environ.get('OS_CLOUD')] if os.environ.get('OS_CLOUD') else [
        *_NAMES, *(clouds if len(clouds) == 1 else ())]
    cloud = next((clouds[name] for name in names if name in clouds), {})
    login = _login(cloud.get('auth') or {}, cloud)
    if login and cloud.get('verify') is False:
        login['insecure'] = 'true'
    return login


def _paths():
    """Where clouds.yaml may be: root's, and that of the user of sudo."""
    homes = [os.path.expanduser('~')]
    try:
        homes.append(pwd.getpwnam(os.environ.get('SUDO_USER', '')).pw_dir)
    except KeyError:
        pass            # there is no such user
    named = os.environ.get('OS_CLIENT_CONFIG_FILE')
    return ([named] if named else []) + [
        path.replace('~', home) for path in _PATHS for home in homes]


def _of_services(patient):
    """The login of a service: its user has most of the rights in clouds that
    are not new."""
    for service in ('nova', 'cinder', *patient.openstack()):
        for configuration, _ in patient.configurations(service):
            options = configuration.section('keystone_authtoken')
            login = _login(options, options)
            if login:
                return dict({'interface': 'internal'}, **login)
    return None


def _login(auth, others):
    """Put a login together; None if it is none by a password."""
    login = {name: auth[name] for name in _OPTIONS if auth.get(name)}
    if not all(name in login for name in ('auth_url', 'username',
                                          'password')):
        return None
    for name, known in _OTHERS.items():
        value = others.get(name)
        if isinstance(value, str) and value:
            login.setdefault(known, value.removesuffix('URL'))
    return login
