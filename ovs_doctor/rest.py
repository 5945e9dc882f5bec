# SPDX-License-Identifier: Apache-2.0

"""A login to Keystone and requests to APIs, with the standard library alone:
the Python of a host need not have OpenStack's clients."""

import http.client
import json
import ssl
import urllib.error
import urllib.parse
import urllib.request

#: the types that a service has had in catalogs, the newest one first
_TYPES = {'block-storage': ('block-storage', 'volumev3', 'block-store'),
          'compute': ('compute',), 'placement': ('placement',)}
_INTERFACES = ('public', 'internal', 'admin')


class Failed(Exception):
    """A request is not answered as it should be.

    :param status: of HTTP, if there is an answer
    """

    def __init__(self, message, status=None):
        super().__init__(message)
        self.status = status


class Api:
    """A login to all APIs.

    :param login: the options of a login, as keystoneauth names them; beside
                  them region_name, interface, cacert and insecure
    """

    def __init__(self, login, seconds):
        self._login = login
        self._seconds = seconds
        self._opener = _opener(login)
        self._token = None
        self._token, answer = self._log_in()
        self._catalog = answer.get('catalog', [])
        self.roles = [role['name'] for role in answer.get('roles', [])]

    @property
    def is_admin(self):
        """Tell if the APIs show it the volumes and servers of others."""
        return 'admin' in self.roles

    def get(self, kind, path):
        """Return the answer of a service to a request.

        :param kind: the type of the service
        """
        return self._get(self._endpoint(kind) + path)

    def all(self, kind, path, name):
        """Return all entries of a list, however many pages it has."""
        found, url = [], self._endpoint(kind) + path
        while url:
            page = self._get(url)
            found += page[name]
            url = next((link['href'] for link in page.get(
                name + '_links', []) if link['rel'] == 'next'), None)
        return found

    def _get(self, url):
        return self._ask(urllib.request.Request(url, headers={
            'X-Auth-Token': self._token, 'Accept': 'application/json'}))[0]

    def _log_in(self):
        request = urllib.request.Request(
            keystone_url(self._login['auth_url']) + '/auth/tokens',
            json.dumps({'auth': _auth(self._login)}).encode(),
            {'Content-Type': 'application/json'})
        answer, headers = self._ask(request)
        return headers['X-Subject-Token'], answer['token']

    def _ask(self, request):
        """Return the answer to a request, and its headers."""
        try:
            with self._opener.open(request, timeout=self._seconds) as answer:
                return json.load(answer), answer.headers
        except urllib.error.HTTPError as error:
            raise Failed('%s: %s' % (request.full_url, error), error.code)
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise Failed('%s: %s' % (
                request.full_url, getattr(error, 'reason', None) or error))

    def _endpoint(self, kind):
        """The address of a service in the catalog."""
        wanted = self._login.get('interface')
        interfaces = ([wanted] if wanted else []) + list(_INTERFACES)
        region = self._login.get('region_name')
        found = [endpoint for name in _TYPES[kind] for service in self._catalog
                 if service['type'] == name
                 for endpoint in service['endpoints']
                 if region in (None, endpoint.get('region_id'))]
        for interface in interfaces:
            for endpoint in found:
                if endpoint['interface'] == interface:
                    return endpoint['url'].rstrip('/')
        raise Failed('the catalog has no %s' % kind)

    def has(self, kind):
        """Tell whether the catalog has a service."""
        try:
            return bool(self._endpoint(kind))
        except Failed:
            return False


def answers(url, login, seconds):
    """Raise Failed if nothing answers at an address; an error of HTTP is an
    answer, too, unless a proxy finds nothing behind it."""
    try:
        with _opener(login or {}).open(url, timeout=seconds):
            return
    except urllib.error.HTTPError as error:
        if error.code in (502, 503, 504):
            raise Failed(str(error), error.code)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise Failed(str(getattr(error, 'reason', None) or error))


def keystone_url(url):
    """The address of version 3 of Keystone, from any that it is known by."""
    url = url.rstrip('/')
    for version in '/v2.0', '/v3':
        url = url.removesuffix(version)
    return url + '/v3'


def _opener(login):
    """Return an opener that asks the address itself, past any proxy."""
    return urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPSHandler(context=_context(login)))


def _context(login):
    if str(login.get('insecure', '')).lower() in ('1', 'true', 'yes'):
        return ssl._create_unverified_context()
    context = ssl.create_default_context(cafile=login.get('cacert') or None)
    # which Python 3.13 sets: many a cloud's own authority is not so strict
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _auth(login):
    """The body of a login by a password."""
    user = {'name': login['username'], 'password': login['password'],
            'domain': _domain(login, 'user')}
    auth = {'identity': {'methods': ['password'],
                         'password': {'user': user}}}
    if login.get('project_id'):
        auth['scope'] = {'project': {'id': login['project_id']}}
    elif login.get('project_name'):
        auth['scope'] = {'project': {'name': login['project_name'],
                                     'domain': _domain(login, 'project')}}
    return auth


def _domain(login, owner):
    """The domain of a user or project, by its id if that is given."""
    if login.get(owner + '_domain_id'):
        return {'id': login[owner + '_domain_id']}
    if login.get(owner + '_domain_name'):
        return {'name': login[owner + '_domain_name']}
    return {'id': 'default'}
