# SPDX-License-Identifier: Apache-2.0

"""The settings of this machine that another Debian on it needs for the same
network: certificates, and the addresses of packages."""

import glob
import os
import re

_CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt'
_PIP = ('/etc/pip.conf', '/etc/xdg/pip',
        '{home}/.config/pip', '{home}/.pip')
_VARIABLE = re.compile(r'pip_|uv_|[a-z]+_proxy$', re.IGNORECASE)
_FILES = re.compile(r'(?:file://|^find-links\s*=\s*)(/[^\s,]*)', re.MULTILINE)


def paths(home):
    """Return the files and folders of this machine that pip and TLS read."""
    found = [path.format(home=home) for path in _PIP]
    return [path for path in [_CERTIFICATES, '/etc/resolv.conf', *found,
                              *_folders_of_pip(found)]
            if os.path.exists(path)]


def _folders_of_pip(settings):
    """Return the folders that pip's settings name; the files of an index are
    beside its "simple"."""
    texts = [value for name, value in os.environ.items()
             if _VARIABLE.match(name)]
    for path in settings:
        for name in [path, *glob.glob(os.path.join(path, '*.conf'))]:
            if os.path.isfile(name):
                with open(name) as stream:
                    texts.append(stream.read())
    return sorted({path.rstrip('/').removesuffix('/simple') for text in texts
                   for path in _FILES.findall(text)})


def variables(environment):
    """Return the variables that say how the network is reached."""
    return {name: value for name, value in environment.items()
            if _VARIABLE.match(name)}
