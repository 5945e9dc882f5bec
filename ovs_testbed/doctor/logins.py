# SPDX-License-Identifier: Apache-2.0

"""Can each service log in to its databases, its message queue and Keystone,
with its own configuration?"""

import re
from urllib import parse

from ovs_testbed import cloud
from ovs_testbed import testbeds
from ovs_testbed.doctor import finding
from ovs_testbed.doctor import probe

#: what an option of keystoneauth is called in the sections of a login
_LOGIN = ('auth_url', 'username', 'password', 'project_name',
          'user_domain_id', 'project_domain_id', 'user_domain_name',
          'project_domain_name')
_PASSWORD = re.compile(r'(?<=:)[^:@/]*(?=@)')


class Login:
    """A login that programs of a service make.

    :param to: "database", "messaging" or "keystone"
    :param question: of the probe
    """

    def __init__(self, what, to, question, address):
        self.what = what
        self.to = to
        self.question = question
        self.address = address
        self.places = []
        self.programs = []

    def add(self, place, programs):
        """Note where it is configured, and who reads that."""
        self.places += [place] if place not in self.places else []
        self.programs += [name for name in programs
                          if name not in self.programs]


def look(patient):
    """Let every login be tried; those that others need come first."""
    order = ['database', 'messaging', 'keystone']
    logins = sorted((login for service in patient.openstack()
                     for login in of(patient, service)),
                    key=lambda login: order.index(login.to))
    answers = probe.ask(patient, [login.question for login in logins])
    roles, endpoints = {}, {}
    for login, answer in zip(logins, answers):
        yield _judge(patient, login, answer)
        if login.to == 'keystone' and not answer.kind:
            user = login.question[1]['options']['username']
            roles[user] = answer.facts['roles']
            endpoints = answer.facts['endpoints']
    for user, seen in sorted(roles.items()):
        yield _judge_roles(user, seen)
    if roles:
        yield from _judge_endpoints(patient, endpoints)


def of(patient, service):
    """The logins of a service, each once, however often it is configured."""
    found = {}
    for configuration, programs in patient.configurations(service):
        for section in configuration.sections():
            for option, login in _in_section(service, configuration, section):
                known = found.setdefault((login.what, str(login.question)),
                                         login)
                known.add(configuration.place(section, option), programs)
    return list(found.values())


def _in_section(service, configuration, section):
    """Yield the logins of a section, each with its option."""
    options = configuration.section(section)
    url = options.get('connection', '')
    if section.endswith('database') and url.startswith('mysql'):
        yield 'connection', Login(
            'database %s of %s' % (url.rsplit('/')[-1], service.name),
            'database', ('database', {'url': url}), _address(url))
    url = options.get('transport_url', '')
    if url.startswith('rabbit'):
        yield 'transport_url', Login(
            'message queue of %s' % service.name, 'messaging',
            ('messaging', {'url': url}), _address(url))
    if 'auth_url' in options and 'password' in options:
        login = _login(options)
        yield 'password', Login(
            'login of %s as %s' % (service.name, options['username']),
            'keystone', ('identity', {'options': login}),
            _address(options['auth_url']))


def _login(options):
    """The options of a login; the id of a domain goes before its name."""
    login = {name: options[name] for name in _LOGIN if name in options}
    for owner in 'user', 'project':
        if owner + '_domain_id' in login:
            login.pop(owner + '_domain_name', None)
    return login


def _address(url):
    """The host and port in a URL, without its password."""
    where = parse.urlsplit(url.split(',')[0])
    return '%s:%s' % (where.hostname, where.port)


def _judge(patient, login, answer):
    seen = 'logs in at %s' % login.address
    if answer.kind:
        seen = '%s: %s' % (_WORDS[answer.kind] % login.address,
                           _PASSWORD.sub('***', answer.said))
    return finding.judge(login.what, seen, bool(answer.kind),
                         answer.kind and _hint(patient, login, answer.kind))


_WORDS = {'denied': '%s denies it', 'refused': 'nothing listens at %s',
          'silent': '%s does not answer', 'missing': '%s lacks it',
          'failed': '%s fails'}


def _hint(patient, login, kind):
    """The cure: of the address, of the password, of the other end."""
    own = '%s:%d' % (testbeds.ADDRESS, patient.testbed.ports[login.to])
    place = ' and '.join(login.places)
    restart = patient.restart(login.programs)
    if login.address != own:
        return 'correct the address: it is %s; set %s, then %s' % (
            own, place, restart)
    if kind == 'denied':
        return ('correct the user or its password: passwords.json in %s has '
                'it; set %s, then %s' % (patient.testbed.folder, place,
                                         restart))
    if kind == 'missing':
        return 'correct the name: set %s, then %s' % (place, restart)
    return 'look at service %s; the login is %s' % (login.to, place)


def _judge_roles(user, seen):
    missing = [role for role in cloud.SERVICE_ROLES if role not in seen]
    text = ', '.join(seen) or 'none'
    return finding.judge(
        'roles of ' + user,
        text + '; not ' + ' and '.join(missing) if missing else text,
        bool(missing), 'run ' + ' and '.join(
            '"openstack role add --user %s --project service %s"' % (
                user, role) for role in missing))


def _judge_endpoints(patient, endpoints):
    """The catalog has to lead to each service."""
    for service in patient.openstack():
        for name, kind, path in service.endpoints():
            right = patient.testbed.url(service.name, path)
            wrong = [endpoint for endpoint in endpoints.get(kind, [])
                     if _bare(endpoint['url']) != _bare(right)]
            absent = not endpoints.get(kind)
            yield finding.judge(
                'endpoint of ' + name, 'not in the catalog' if absent else
                ', '.join(endpoint['url'] for endpoint in wrong) or right,
                absent or bool(wrong), 'run %s' % (
                    patient.command('restart', 'keystone') if absent else
                    ' and '.join('"openstack endpoint set --url %s %s"' % (
                        right, endpoint['id']) for endpoint in wrong)))


def _bare(url):
    """A URL up to the place of a project's id."""
    return re.split(r'/[$%{(]|/AUTH_|/[0-9a-f]{32}', url)[0].rstrip('/')
