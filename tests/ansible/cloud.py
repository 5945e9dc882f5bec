# SPDX-License-Identifier: Apache-2.0

"""A cloud as OpenStack-Ansible leaves it on its hosts, for tests.

``OVS_TEST_CACHE`` is the cache folder of bin/test, with the environments
``tox/PY3`` and ``tox/py27`` that the services come from.
"""

import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

import yaml

from tests.ansible import hosts

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), '..', '..'))
CACHE = os.environ.get('OVS_TEST_CACHE', '')
PLAYBOOKS = os.path.join(TOP, 'playbooks')
#: the environment of 2026.2 on this machine's Python
PY3 = 'py%d%d' % sys.version_info[:2]
PROJECT = '0123456789abcdef0123456789abcdef'
DRIVER = ('cinder.volume.drivers.openvstorage_edge.'
          'OpenvStorageEdgeVolumeDriver')
_UNIT = '''\
# as OpenStack-Ansible writes it
[Unit]
Description=%(service)s

[Service]
ExecStart=%(bin)s/%(service)s
Environment="PATH=%(bin)s:/usr/local/sbin:/usr/local/bin:/usr/bin:/bin"
'''
_CINDER_CONF = '''\
# as OpenStack-Ansible writes it
[DEFAULT]
host = %(host)s
auth_strategy = noauth
transport_url = fake://
state_path = /var/log/cinder
api_paste_config = %(venv)s/etc/cinder/api-paste.ini
resource_query_filters_file = %(venv)s/etc/cinder/resource_filters.json
osapi_volume_listen = 127.0.0.1
scheduler_driver_init_wait_time = 1
report_interval = 2
log_file = /var/log/cinder/cinder-volume.log
enabled_backends=other

[other]
volume_driver=cinder.tests.fake_driver.FakeLoggingVolumeDriver
volume_backend_name=other

[database]
connection = sqlite:////var/log/cinder/cinder.sqlite

[oslo_concurrency]
lock_path = /var/log/cinder

[coordination]
backend_url = file:///var/log/cinder
'''
_OPENRC = '''\
export OS_AUTH_TYPE=admin_token OS_TOKEN=admin:%(project)s
export OS_ENDPOINT=http://127.0.0.1:8776/v3/%(project)s
export OS_VOLUME_API_VERSION=3
PATH=%(bin)s:$PATH
'''
RESTART = os.path.join(TOP, 'tests', 'ansible', 'restart-service')


def environment(name):
    """Return the folder of a tox environment."""
    return os.path.join(CACHE, 'tox', name)


def base_of(name):
    """Return where the Python of a tox environment lives."""
    return subprocess.check_output(
        [os.path.join(environment(name), 'bin', 'python'), '-c',
         'import sys; print(getattr(sys, "base_prefix", 0) or '
         'sys.real_prefix)'], text=True).strip()


def visible():
    """Return the folders of this machine that every host sees."""
    folders = {CACHE, TOP, base_of(PY3)}
    if os.path.isdir(environment('py27')):
        folders.add(base_of('py27'))
    return sorted(folder for folder in folders
                  if not folder.startswith('/usr'))


def build_wheel(host, folder):
    """Build our package into a folder of a host; return the wheel's path."""
    with tempfile.TemporaryDirectory() as workplace:
        subprocess.run(['git', 'clone', '-q', TOP, workplace + '/source'],
                       check=True)
        subprocess.run(
            [sys.executable, '-m', 'pip', '-qqq', 'wheel', '--no-deps',
             '--no-build-isolation', '--wheel-dir', workplace,
             workplace + '/source'], check=True)
        wheel, = glob.glob(workplace + '/*.whl')
        os.makedirs(host.path(folder))
        shutil.copy(wheel, host.path(folder))
    return os.path.join(folder, os.path.basename(wheel))


class Cloud(object):
    """Hosts, their inventory, and Ansible to work on them."""

    def __init__(self, test, ansible=None):
        """Make an empty cloud.

        :param test: the test (or test class) at whose end it vanishes
        :param ansible: the folder of Ansible's programs
        """
        self._test = test
        self._ansible = ansible or os.path.dirname(sys.executable)
        self._folder = tempfile.mkdtemp(prefix='ovs-cloud-')
        getattr(test, 'addClassCleanup', test.addCleanup)(
            shutil.rmtree, self._folder)
        self._inventory = {}
        self.hosts = {}

    def add_host(self, name, groups, **variables):
        """Start a host and put it into groups."""
        host = hosts.Host(self._test, name, visible())
        self.hosts[name] = host
        for group in groups:
            members = self._inventory.setdefault(group, {}).setdefault(
                'hosts', {})
            members[name] = dict(
                {'ansible_python_interpreter': '/usr/bin/python3'},
                **dict(host.variables(), **variables))
        # a host without a network has no use for the machine's sources, and
        # begins without what the machine has of ours
        host.run('sh', '-c', 'rm -rf /etc/apt/sources.list* /opt/openvstorage '
                             '/etc/openvstorage && '
                             'mkdir /etc/apt/sources.list.d')
        return host

    def write_variables(self, variables):
        """Write user_variables.yml."""
        self._variables = os.path.join(self._folder, 'user_variables.yml')
        with open(self._variables, 'w') as target:
            yaml.safe_dump(variables, target)

    def play(self, playbook, *arguments, **overrides):
        """Run a playbook and return the Run."""
        inventory = os.path.join(self._folder, 'inventory.json')
        with open(inventory, 'w') as target:
            json.dump({'all': {'children': self._inventory}}, target)
        command = [os.path.join(self._ansible, 'ansible-playbook'), '-i',
                   inventory, '-e', '@' + self._variables, *arguments]
        if overrides:
            command += ['-e', json.dumps(overrides)]
        finished = subprocess.run(
            command + [os.path.join(PLAYBOOKS, playbook)], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=TOP,
            env=dict(os.environ, ANSIBLE_ROLES_PATH=TOP + '/roles',
                     ANSIBLE_PIPELINING='1', ANSIBLE_NOCOLOR='1',
                     ANSIBLE_DEPRECATION_WARNINGS='0',
                     ANSIBLE_HOME=self._folder,
                     # connections stay open, and are told apart by the
                     # names of the hosts only
                     ANSIBLE_SSH_CONTROL_PATH_DIR=self._folder + '/ssh',
                     ANSIBLE_CALLBACK_RESULT_FORMAT='yaml'))
        return Run(finished)

    def changes(self):
        """Return host -> what differs on it from this machine."""
        return dict((name, host.changes())
                    for name, host in self.hosts.items())


class Run(object):
    """The output of a run of Ansible."""

    def __init__(self, finished):
        self.ok = finished.returncode == 0
        self.output = finished.stdout

    def recap(self):
        """Return host -> how many tasks changed it."""
        lines = self.output.split('PLAY RECAP')[-1].split('\n')
        found = {}
        for line in lines:
            if 'changed=' in line:
                name, counts = line.split(':')
                found[name.strip()] = int(
                    counts.split('changed=')[1].split()[0])
        return found

    def changed_tasks(self):
        """Return the headings of the tasks that changed something."""
        found, task = [], ''
        for line in self.output.split('\n'):
            if line.startswith('TASK'):
                task = line
            elif line.startswith('changed:'):
                found.append(task + ' ' + line)
        return found


def add_service(host, service, package, venv, tox, without):
    """Put an environment and a unit of a service on a host."""
    host.overlay(service, environment(tox), venv)
    for found in glob.glob(host.path(venv) + '/lib/python*/site-packages/'
                           + without):
        shutil.rmtree(found)
    host.write('/etc/systemd/system/%s.service' % service,
               _UNIT % {'service': service, 'bin': venv + '/bin'})
    host.write('/etc/%s/%s.conf' % (package, package), _CINDER_CONF % {
        'host': host.name, 'venv': venv} if package == 'cinder' else
        '# as OpenStack-Ansible writes it\n[libvirt]\nvirt_type = kvm\n')


def add_client(host):
    """Make a host the one with openrc."""
    host.write('/root/openrc', _OPENRC % {
        'project': PROJECT, 'bin': os.path.dirname(sys.executable)})


def add_vpool(test, host, name, edge_port, xml_rpc_port):
    """Serve a vPool on a host; return its guid."""
    process = subprocess.Popen(
        host.command('env', 'PYTHONPATH=' + TOP, 'PYTHONDONTWRITEBYTECODE=1',
                     environment(PY3) + '/bin/python', '-m',
                     'ovs_storagedriver', 'serve', '--data',
                     '/run/vpools/' + name, '--name', name, '--edge-port',
                     str(edge_port), '--xml-rpc-port', str(xml_rpc_port),
                     '--engine', os.environ['OVS_EDGE']),
        stdout=subprocess.PIPE, text=True)

    def stop():
        process.kill()
        process.wait()
        process.stdout.close()
    getattr(test, 'addClassCleanup', test.addCleanup)(stop)
    line = process.stdout.readline()
    if not line.startswith('ready:'):
        raise RuntimeError('vPool %s did not start' % name)
    return json.loads(host.read('/run/vpools/%s/vpool.json' % name))['guid']
