# SPDX-License-Identifier: Apache-2.0

"""The questions that an interpreter answers about its environment.

``interpreter.ask`` runs the text of this file in that interpreter, so it
imports nothing of ours and nothing beyond the standard library, and works
on Python 2.7 and 3. It reads one JSON request from its standard input and
writes one JSON answer.
"""

import ast
import glob
import json
import os
import re
import sys
import sysconfig
import traceback

DISTRIBUTIONS = {'cinder': 'cinder', 'nova': 'nova', 'os_brick': 'os-brick',
                 'ovs_drivers': 'devstack-plugin-openvstorage'}


def describe():
    """Say what this interpreter is and where it finds our packages."""
    packages = {}
    for name in DISTRIBUTIONS:
        folder = find_package(name)
        if folder:
            packages[name] = {'folder': folder, 'version': find_version(name)}
    return {'python': '.'.join(str(part) for part in sys.version_info[:3]),
            'prefix': sys.prefix, 'purelib': find_purelib(),
            'packages': packages}


def find_package(name):
    """Return the folder of a package without importing it, or None."""
    if sys.version_info[0] == 2:
        import imp
        try:
            folder = imp.find_module(name)[1]
        except ImportError:
            return None
    else:
        import importlib.util
        spec = importlib.util.find_spec(name)
        if spec is None or not spec.origin:
            return None
        folder = os.path.dirname(spec.origin)
    # A folder without __init__.py is what a removed package leaves behind.
    found = os.path.exists(os.path.join(folder, '__init__.py'))
    return os.path.abspath(folder) if found else None


def find_version(name):
    """Return the version from the package's metadata, or None."""
    try:
        from importlib import metadata
        return metadata.version(DISTRIBUTIONS[name])
    except Exception:  # Python before 3.8, or no metadata
        return version_from_files(DISTRIBUTIONS[name])


def version_from_files(distribution):
    """Read the version out of PKG-INFO or METADATA on the search path."""
    stem = re.sub('[-_.]+', '[-_.]', distribution)
    for folder in sys.path:
        for pattern in (stem + '-*.dist-info/METADATA',
                        stem + '-*.egg-info/PKG-INFO', stem + '-*.egg-info',
                        stem + '.egg-info/PKG-INFO'):
            for path in sorted(glob.glob(os.path.join(folder, pattern))):
                if not os.path.isfile(path):
                    continue
                with open(path) as source:
                    for line in source:
                        if line.startswith('Version:'):
                            return line.split(':', 1)[1].strip()
    return None


def find_purelib():
    """Return the folder on the search path where packages are put."""
    choices = [sysconfig.get_path('purelib')]
    choices += [path for path in sys.path if os.path.basename(path)
                in ('site-packages', 'dist-packages')]
    return [path for path in choices if path in sys.path][0]


def parse(texts):
    """Look into sources; each is the text of a file, decoded as latin-1."""
    return [parse_one(text.encode('latin-1')) for text in texts]


def parse_one(source):
    """Return the lists, dicts and classes at the top of a module."""
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError, TypeError) as error:
        return {'error': str(error)}
    answer = {'containers': [], 'classes': [], 'mentions': mentions(module)}
    lines = source.split(b'\n')
    for number, node in enumerate(module.body):
        if isinstance(node, ast.ClassDef):
            answer['classes'].append(
                {'name': node.name,
                 'last_line': last_line(module, number, lines)})
        for name in assigned_names(node):
            kind = {ast.List: 'list', ast.Dict: 'dict'}.get(type(node.value))
            if kind:
                answer['containers'].append(
                    {'name': name, 'kind': kind, 'line': node.value.lineno,
                     'column': node.value.col_offset})
    return answer


def assigned_names(node):
    targets = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif type(node).__name__ == 'AnnAssign':  # not in Python 2.7
        targets = [node.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def last_line(module, number, lines):
    """Return the last line (from 1) of a statement at the top."""
    last = len(lines)
    if number + 1 < len(module.body):
        follower = module.body[number + 1]
        starts = [follower] + getattr(follower, 'decorator_list', [])
        last = min(node.lineno for node in starts) - 1
    # Blank lines and comments at the margin belong to what follows.
    while lines[last - 1].strip() == b'' or lines[last - 1][:1] == b'#':
        last -= 1
    return last


def mentions(module):
    """Return the lines whose code (not comments) names Open vStorage."""
    found = set()
    for node in ast.walk(module):
        for value in vars(node).values():
            if (isinstance(value, (type(u''), type('')))
                    and 'openvstorage' in value.lower()):
                found.add(getattr(node, 'lineno', 0))
    return sorted(found)


def verify(package):
    """Import and build what the services would; any error is a failure."""
    {'os_brick': verify_os_brick, 'nova': verify_nova,
     'cinder': verify_cinder}[package]()
    return {}


def verify_os_brick():
    from os_brick.initiator import connector
    made = connector.InitiatorConnector.factory('OPENVSTORAGE_EDGE', None)
    expect(isinstance(made, connector.OpenvStorageEdgeConnector),
           'the factory made %r' % made)
    listed = getattr(connector, 'unix_connector_list',
                     getattr(connector, 'connector_list', []))
    expect('os_brick.initiator.connectors.openvstorage.'
           'OpenvStorageEdgeConnector' in listed,
           'the connector is not in the list')


def verify_nova():
    from nova.virt.libvirt import config
    from nova.virt.libvirt import driver
    from nova.virt.libvirt.volume import volume
    drivers = getattr(driver, 'VOLUME_DRIVERS', None) or dict(
        entry.split('=', 1) for entry in getattr(
            driver, 'libvirt_volume_drivers', []))
    module, name = drivers['openvstorage_edge'].rsplit('.', 1)
    __import__(module)
    made = getattr(sys.modules[module], name)(None)
    expect(isinstance(made, volume.LibvirtBaseVolumeDriver),
           '%s is no volume driver' % name)
    disk = config.LibvirtConfigOpenvStorageEdgeGuestDisk()
    expect(isinstance(disk, config.LibvirtConfigGuestDisk),
           'the guest disk is not one of Nova')


def verify_cinder():
    from cinder import objects
    objects.register_all()
    from cinder.volume import driver
    from cinder.volume.drivers import openvstorage
    from cinder.volume.drivers import openvstorage_edge
    made = openvstorage_edge.OpenvStorageEdgeVolumeDriver
    expect(issubclass(made, driver.VolumeDriver)
           and made is openvstorage.OpenvStorageEdgeVolumeDriver,
           '%r is no volume driver' % made)


def expect(condition, problem):
    if not condition:
        raise AssertionError(problem)


def main():
    # Imported modules may print: only the answer goes to the real output.
    answer_to = os.dup(1)
    os.dup2(2, 1)
    # `-c` puts the current folder first; the services do not look there.
    sys.path[:] = [path for path in sys.path if path]
    request = json.loads(sys.stdin.read())
    try:
        actions = {'describe': describe, 'parse': parse, 'verify': verify}
        answer = {'answer': actions[request['do']](*request['arguments'])}
    except Exception as error:
        answer = {'error': '%s: %s' % (type(error).__name__, error),
                  'traceback': traceback.format_exc()}
    os.write(answer_to, json.dumps(answer).encode('ascii'))


if __name__ == '__main__':
    main()
