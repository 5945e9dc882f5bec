# SPDX-License-Identifier: Apache-2.0

"""Can each service log in to its databases, its message queue and Keystone,
with its own configuration?"""

import re
from urllib import parse

from ovs_doctor import finding
from ovs_doctor import patient as patients
from ovs_doctor import probe
from ovs_doctor import rest

#: what an option of keystoneauth is called in the sections of a login
_LOGIN = ('auth_url', 'username', 'password', 'project_name',
          'user_domain_id', 'project_domain_id', 'user_domain_name',
          'project_domain_name')
#: what makes it trust the certificate of Keystone
_TRUST = ('cafile', 'insecure')
_PASSWORD = re.compile(r'(?<=:)[^:@/]*(?=@)')
#: the ports of databases, message queues and Keystone
_PORTS = {'database': 3306, 'messaging': 5672}
#: the types in the catalog that the drivers' services need, by their names
_NEEDED = {'cinder': ('block-storage', 'volumev3'), 'nova': ('compute',),
           'glance': ('image',), 'neutron': ('network',),
           'placement': ('placement',)}
_SECONDS = 9


class Login:
    """A login that programs of a service make.

    :param to: "database", "messaging" or "keystone"
    :param question: of the probe: its name and its arguments
    :param sends_tokens: whether requests to other services carry it, too
    """

    def __init__(self, what, to, question, address, sends_tokens=False):
        self.what = what
        self.to = to
        self.question = question
        self.address = address
        self.sends_tokens = sends_tokens
        self.places = []
        self.programs = []

    def add(self, place, programs):
        """Note where it is configured, and who reads that."""
        self.places += [place] if place not in self.places else []
        self.programs += [program for program in programs
                          if program not in self.programs]

    @property
    def options(self):
        """Those of a login to Keystone."""
        return self.question[1]['options']


def look(patient):
    """Let every login be tried; those that others need come first."""
    order = ['database', 'messaging', 'keystone']
    logins = sorted((login for service in patient.openstack()
                     for login in of(patient, service)),
                    key=lambda login: order.index(login.to))
    if not logins:
        yield finding.Finding(finding.GOOD, 'logins', 'none is configured')
    answers = probe.ask(patient, [
        login.question + (login.programs[0],) for login in logins])
    users, last = {}, None
    for login, answer in zip(logins, answers):
        yield _judge(patient, login, answer)
        if login.to == 'keystone' and not answer.kind:
            users.setdefault(login.options['username'], []).append(
                (login, answer.facts['roles']))
            last = login, answer.facts['endpoints']
    for user, seen in sorted(users.items()):
        yield _judge_roles(patient, user, seen)
    if last:
        yield from _judge_endpoints(patient, *last)


def of(patient, service):
    """The logins of a service, each once, however often it is configured."""
    found = {}
    for configuration, programs in patient.configurations(service):
        for section in configuration.sections():
            for option, login in _in_section(service, configuration, section):
                known = found.setdefault((login.what, str(login.question)),
                                         login)
                known.sends_tokens |= login.sends_tokens
                known.add(configuration.place(section, option), programs)
    return list(found.values())


def _in_section(service, configuration, section):
    """Yield the logins of a section, each with its option."""
    options = configuration.section(section)
    url = options.get('connection', '')
    if section.endswith('database') and url.startswith('mysql'):
        name = url.rsplit('/')[-1].split('?')[0]
        yield 'connection', Login(
            'database %s of %s' % (name, service), 'database',
            ('database', {'url': url}), _address(url, 'database'))
    url = options.get('transport_url', '')
    if url.startswith('rabbit'):
        yield 'transport_url', Login(
            'message queue of %s' % service, 'messaging',
            ('messaging', {'url': url, 'tls': _tls(configuration, url)}),
            _address(url, 'messaging'))
    if all(name in options for name in ('auth_url', 'username', 'password')):
        yield 'password', Login(
            'login of %s as %s' % (service, options['username']),
            'keystone', ('identity', {'options': _login(options)}),
            _address(options['auth_url'], 'keystone'),
            _is_true(options.get('send_service_user_token')))


def _login(options):
    """The options of a login; the id of a domain goes before its name."""
    login = {name: options[name] for name in _LOGIN + _TRUST
             if name in options}
    for owner in 'user', 'project':
        if owner + '_domain_id' in login:
            login.pop(owner + '_domain_name', None)
    return login


def _tls(configuration, url):
    """Return the options of TLS of the message queue; None without TLS."""
    options = configuration.section('oslo_messaging_rabbit')
    asked = parse.parse_qs(parse.urlsplit(url).query).get('ssl', [''])[0]
    if not any(map(_is_true, (asked, options.get('ssl'),
                              options.get('rabbit_use_ssl')))):
        return None
    names = {'ca_certs': ('ssl_ca_file', 'kombu_ssl_ca_certs'),
             'certfile': ('ssl_cert_file', 'kombu_ssl_certfile'),
             'keyfile': ('ssl_key_file', 'kombu_ssl_keyfile')}
    return {argument: options[option] for argument, known in names.items()
            for option in known if options.get(option)}


def _is_true(value):
    return str(value).lower() in ('1', 'true', 'yes', 'on')


def _address(url, to):
    """The host and port in a URL, without its password."""
    where = parse.urlsplit(url)
    scheme, netloc = where.scheme, where.netloc.split(',')[0]
    first = parse.urlsplit('//' + netloc)
    port = first.port or _PORTS.get(to, 443 if scheme == 'https' else 80)
    return '%s:%s' % (first.hostname, port)


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
    own = patient.address(login.to)
    place = ' and '.join(login.places)
    restart = patient.restart(login.programs)
    if own and login.address != own:
        return 'correct the address: it is %s; set %s, then %s' % (
            own, place, restart)
    if kind == 'denied':
        return 'correct the user or its password: %s; set %s, then %s' % (
            patient.password_place(), place, restart)
    if kind == 'missing':
        return 'correct the name: set %s, then %s' % (place, restart)
    if own:
        return 'look at service %s; the login is %s' % (login.to, place)
    return ('look at the service at %s; if its address is another, set %s, '
            'then %s' % (login.address, place, restart))


def _judge_roles(patient, user, seen):
    """Judge the roles of a user by all of its logins."""
    roles = sorted(set().union(*(found for _, found in seen)))
    wanted = list(patient.roles)
    if not wanted and (any(login.sends_tokens for login, _ in seen)
                       or 'admin' not in roles):
        wanted = [patient.token_role]
    missing = [role for role in wanted if role not in roles]
    project = seen[0][0].options.get('project_name', 'service')
    text = ', '.join(roles) or 'none'
    return finding.judge(
        'roles of ' + user,
        text + '; not ' + ' and '.join(missing) if missing else text,
        bool(missing), 'run ' + ' and '.join(
            '"openstack role add --user %s --project %s %s"' % (
                user, project, role) for role in missing))


def _judge_endpoints(patient, login, endpoints):
    """The catalog has to lead to each service."""
    known = patient.endpoints()
    if known is None:
        yield from _judge_answers(login, endpoints)
    for name, kind, right in known or ():
        wrong = [endpoint for endpoint in endpoints.get(kind, [])
                 if _bare(endpoint['url']) != _bare(right)]
        absent = not endpoints.get(kind)
        yield finding.judge(
            'endpoint of ' + name, 'not in the catalog' if absent else
            ', '.join(endpoint['url'] for endpoint in wrong) or right,
            absent or bool(wrong), 'run %s' % (
                patient.cure_of_catalog(kind) if absent else
                ' and '.join('"openstack endpoint set --url %s %s"' % (
                    right, endpoint['id']) for endpoint in wrong)))


def _judge_answers(login, endpoints):
    """Where the right addresses are not known, something has to answer at
    those in the catalog that services use."""
    trust = {'cacert': login.options.get('cafile'),
             'insecure': login.options.get('insecure', '')}
    used = {name: _used(endpoints, kinds)
            for name, kinds in _NEEDED.items() if _used(endpoints, kinds)}
    said = patients.together({
        name: lambda endpoint=endpoint: _said(endpoint['url'], trust)
        for name, endpoint in used.items()}, _SECONDS + 1)
    for name, endpoint in used.items():
        wrong = said.get(name, 'no answer within %d s' % _SECONDS)
        yield finding.judge(
            'endpoint of ' + name, endpoint['url'] + (
                ': ' + wrong if wrong else ''), bool(wrong),
            'look at the service there; if its address is another, run '
            '"openstack endpoint set --url URL %s"' % endpoint['id'])


def _used(endpoints, kinds):
    """The endpoint of a service that other services use, None without."""
    found = [endpoint for kind in kinds for endpoint in endpoints.get(
        kind, [])]
    for interface in 'internal', 'public':
        for endpoint in found:
            if endpoint.get('interface') == interface:
                return endpoint
    return None


def _said(url, trust):
    """Why nothing answers at an address; nothing if all is well."""
    try:
        rest.answers(url, trust, _SECONDS)
        return ''
    except rest.Failed as error:
        return str(error)


def _bare(url):
    """A URL up to the place of a project's id."""
    return re.split(r'/[$%{(]|/AUTH_|/[0-9a-f]{32}', url)[0].rstrip('/')
