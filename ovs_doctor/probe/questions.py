# SPDX-License-Identifier: Apache-2.0

"""Asks questions as a service of OpenStack would, in the service's Python.

Standard input has them: ``{"seconds": 4, "questions": [["database",
{"url": ...}], ...]}``. Standard output gets the answers: ``[{"kind": "denied",
"said": "Access denied", "facts": {}}, ...]``. All are asked side by side; one
that is not answered in time is "silent". Python 2.7 and 3.
"""

import errno
import glob
import json
import os
import socket
import subprocess
import sys
import threading
import time
import traceback

try:
    from urllib import parse
except ImportError:
    import urllib
    import urlparse as parse
    parse.unquote = urllib.unquote

SECONDS = 10.0


class Wrong(Exception):
    """A question is answered, and not well."""

    def __init__(self, kind, said):
        super(Wrong, self).__init__(said)
        self.kind = kind


def database(url):
    """Log in to a database."""
    import pymysql
    where = parse.urlsplit(url)
    try:
        connection = pymysql.connect(
            host=where.hostname, port=where.port or 3306,
            user=where.username, password=parse.unquote(where.password or ''),
            database=where.path.lstrip('/'), ssl=_tls_of_mysql(where.query),
            connect_timeout=SECONDS, read_timeout=SECONDS)
    except pymysql.err.MySQLError as error:
        raise Wrong(_KINDS_OF_MYSQL.get(error.args[0]) or _kind_of(error),
                    _text(error.args[-1]))
    connection.close()
    return {}


def _tls_of_mysql(query):
    """The options of TLS in the URL of a database; None without it."""
    options = dict(parse.parse_qsl(query))
    tls = dict((name[4:], options[name]) for name in (
        'ssl_ca', 'ssl_cert', 'ssl_key') if name in options)
    if options.get('ssl_check_hostname', '').lower() in ('0', 'false'):
        tls['check_hostname'] = False
    if 'ssl_verify_cert' in options:
        # TLS, without a file to verify by
        tls.setdefault('verify_mode', None)
    return tls or None


#: by MySQL's numbers of errors
_KINDS_OF_MYSQL = {1044: 'denied', 1045: 'denied', 1049: 'missing',
                   1698: 'denied'}


def messaging(url, tls=None):
    """Log in to one of the message queues of a transport_url, as a service
    does that goes on with the next one."""
    whole = parse.urlsplit(url)
    virtual_host = parse.unquote(whole.path[1:]) or '/'
    wrong = None
    hosts = whole.netloc.split(',')
    for host in hosts:
        try:
            return _log_in_to_queue(parse.urlsplit('//' + host),
                                    virtual_host, tls, SECONDS / len(hosts))
        except Wrong as error:
            wrong = wrong or error
        except Exception as error:
            wrong = wrong or Wrong(_kind_of(error), _text(error))
    raise wrong


def _log_in_to_queue(where, virtual_host, tls, seconds):
    import amqp
    connection = amqp.Connection(
        host='%s:%d' % (where.hostname, where.port or 5672),
        userid=parse.unquote(where.username or ''),
        password=parse.unquote(where.password or ''),
        virtual_host=virtual_host, connect_timeout=seconds,
        read_timeout=seconds, ssl=(tls or True) if tls is not None else False)
    try:
        connection.connect()
    except (amqp.exceptions.AccessRefused,
            amqp.exceptions.NotAllowed) as error:
        raise Wrong('denied', _text(error))
    connection.close()
    return {}


def identity(options):
    """Log in to Keystone; tell the roles and the catalog."""
    from keystoneauth1 import exceptions
    from keystoneauth1.identity import generic
    from keystoneauth1 import session
    options = dict(options)
    trust = options.pop('cafile', None) or True
    if str(options.pop('insecure', '')).lower() in ('1', 'true', 'yes'):
        trust = False
    # not by its name: to look for that in all packages can take seconds
    plugin = generic.Password(**options)
    login = session.Session(auth=plugin, timeout=SECONDS, verify=trust)
    try:
        access = plugin.get_access(login)
    except exceptions.Unauthorized as error:
        raise Wrong('denied', _text(error))
    except exceptions.ConnectFailure as error:
        raise Wrong('silent' if isinstance(error, exceptions.ConnectTimeout)
                    else 'refused', _text(error))
    catalog = access.service_catalog.catalog if access.has_service_catalog() \
        else []
    return {'roles': sorted(access.role_names),
            'endpoints': {service['type']: service['endpoints']
                          for service in catalog}}


def xml_rpc(options):
    """List the volumes of a vPool at its XML-RPC port."""
    from ovs_drivers import storagedriver
    vpool = storagedriver.from_options(options, SECONDS)
    try:
        names = vpool.volume_names()
        info = vpool.vpool_info()
    except storagedriver.Fault as fault:
        raise Wrong('denied', _text(fault))
    except storagedriver.ReplyLost as error:
        raise Wrong('silent', _text(error))
    except storagedriver.Unreachable as error:
        raise Wrong(_kind_of(error), _text(error))
    return {'names': names, 'total': info and info.total,
            'free': info and info.free}


def edge(options):
    """List the volumes of a vPool at its edge port."""
    from ovs_drivers import edge
    port = edge.Edge(
        [host.strip() for host in options['storage_ip'].split(',')],
        int(options.get('edge_port') or 26203),
        options.get('edge_protocol') or 'tcp', SECONDS)
    try:
        return {'names': port.volumes()}
    except edge.Unreachable as error:
        raise Wrong('silent' if error.errno == errno.ETIMEDOUT else 'refused',
                    _text(error))


def holds(package, path, word):
    """Look for a word in a file of a package, which is not run."""
    folder = _folder_of(package)
    full_path = os.path.join(folder, path)
    if not os.path.exists(full_path):
        raise Wrong('missing', 'there is no %s' % full_path)
    with open(full_path) as stream:
        if word in stream.read():
            return {}
    said = '%s does not have "%s"' % (full_path, word)
    root = os.path.dirname(folder)
    if '%s/%s' % (package, path) in _installed(root):
        said = '%s was installed over the drivers: %s' % (
            _distribution(root, package), said)
    raise Wrong('missing', said)


def _installed(root):
    """The files beside a package that ovs-drivers has changed."""
    path = os.path.join(root, '.ovs-drivers', 'manifest.json')
    if not os.path.exists(path):
        return ()
    with open(path) as stream:
        return json.load(stream).get('files', ())


def _distribution(root, package):
    """The name and version that pip has for a package."""
    found = glob.glob(os.path.join(root, package + '-*.dist-info'))
    return os.path.basename(found[0]).rsplit('.', 1)[0].replace('-', ' ') \
        if found else package


def _folder_of(package):
    """Where Python would find a package; Nova's cannot be imported in peace:
    it changes the threads of its process."""
    for folder in sys.path:
        if os.path.isdir(os.path.join(folder, package)):
            return os.path.join(folder, package)
    for folder in _editable(package):
        return folder
    raise Wrong('missing', 'there is no package ' + package)


def content(path):
    """Read a file of YAML."""
    import yaml
    with open(path) as stream:
        return {'content': yaml.safe_load(stream)}


def _editable(package):
    """Where a package is that pip has installed by "-e", as DevStack does: no
    folder of sys.path need have it."""
    try:
        from importlib.util import find_spec
    except ImportError:
        return []           # Python 2.7 has it in sys.path
    found = find_spec(package)
    return list(found and found.submodule_search_locations or [])


def imports(module):
    """Let a Python of its own import a module, and all that it needs."""
    process = subprocess.Popen([sys.executable, '-W', 'ignore', '-c',
                                'import ' + module],
                               stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
    said = process.communicate()[0].decode('utf-8', 'replace')
    if process.returncode:
        raise Wrong('missing', said.strip().splitlines()[-1])
    return {}


def _kind_of(error):
    text = _text(error)
    if 'timed out' in text or isinstance(error, socket.timeout):
        return 'silent'
    if 'refused' in text or 'unreachable' in text or 'No route' in text:
        return 'refused'
    if isinstance(error, ImportError):
        return 'missing'
    return 'failed'


def _text(error):
    return ' '.join(('%s' % (error,)).split()) or type(error).__name__


def _answer(function, arguments):
    try:
        return {'kind': '', 'facts': function(**arguments)}
    except Wrong as wrong:
        return {'kind': wrong.kind, 'said': _text(wrong)}
    except Exception as error:
        return {'kind': _kind_of(error), 'said': _text(
            traceback.format_exception_only(type(error), error)[-1])}


#: what questions need; imported first, it takes none of their time
NEEDS = {'database': ['pymysql'], 'messaging': ['amqp'],
         'identity': ['keystoneauth1.session',
                      'keystoneauth1.identity.generic']}


def _prepare(names):
    for module in sum((NEEDS.get(name, []) for name in names), []):
        try:
            __import__(module)
        except ImportError:
            continue        # the question will tell


QUESTIONS = {function.__name__: function for function in (
    database, messaging, identity, xml_rpc, edge, holds, content, imports)}


def main():
    global SECONDS
    wanted = json.load(sys.stdin)
    SECONDS = wanted['seconds']
    _prepare(set(name for name, _arguments in wanted['questions']))
    answers = [{'kind': 'silent', 'said': 'no answer within %s s' % SECONDS}
               for _ in wanted['questions']]

    def ask(number, name, arguments):
        answers[number] = _answer(QUESTIONS[name], arguments)
    threads = [threading.Thread(target=ask, args=[number] + question)
               for number, question in enumerate(wanted['questions'])]
    for thread in threads:
        thread.daemon = True
        thread.start()
    end = time.time() + SECONDS + 1
    for thread in threads:
        thread.join(max(0, end - time.time()))
    json.dump(list(answers), sys.stdout)
    sys.stdout.flush()
    # a thread may still hang in a library
    os._exit(0)


if __name__ == '__main__':
    main()
