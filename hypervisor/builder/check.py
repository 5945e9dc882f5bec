# SPDX-License-Identifier: Apache-2.0

"""Compare an installation with its manifest."""

import json
import os
import subprocess
import sys
import time

from harness import errors
from harness import files
from harness import run
from hypervisor.builder import components
from hypervisor.builder import confinement
from hypervisor.builder import packages
from hypervisor.builder import pipeline
from hypervisor.builder import series

_CHECKOUT = os.path.dirname(series.FOLDER)


def report(prefix, as_json):
    """Report; return 0 if all is well.

    For people, the self-test follows.
    """
    found = findings(prefix)
    if as_json:
        json.dump(found, sys.stdout, indent=1, sort_keys=True)
        print()
        return 0 if found['sound'] else 1
    for line in _lines(found):
        print(line)
    if not found['components']:
        return 1
    if prefix.home != prefix.path:
        print('not used from where it lies, so there is no self-test; hint:\n'
              '  tools/with-hypervisor %s hypervisor/build --check'
              % prefix.home[:-len(prefix.path)])
        return 0 if found['sound'] else 1
    sys.stdout.flush()
    tested = subprocess.call(
        [sys.executable, '-m', 'hypervisor.selftest', '--prefix',
         prefix.path], env=dict(os.environ, PYTHONPATH=_CHECKOUT))
    return tested or (0 if found['sound'] else 1)


def findings(prefix):
    """Return what there is to say of an installation, as plain values."""
    found = {'prefix': prefix.home, 'components': {}, 'packages': False,
             'changed_settings': prefix.changed_settings(),
             'running': [{'pid': pid, 'program': program}
                         for pid, program in prefix.users()]}
    for name in components.ALL:
        about = prefix.installed(name)
        if about:
            about = dict(about, damage=prefix.damage(name))
            del about['files']
        else:
            about = _of_package(prefix, name)
            found['packages'] |= about is not None
        if about:
            found['components'][name] = about
    found['missing'] = [name for name in components.ALL
                        if name not in found['components']]
    found['unconfined'] = _unconfined(prefix, found['components'])
    found['sound'] = bool(found['components']) and not any(
        about['damage'] or about.get('state') != 'installed'
        for about in found['components'].values()) and not any(
        found['unconfined'].values())
    return found


def _unconfined(prefix, installed):
    """Return {model: [why, hint]} of the models that confine guests of the
    distribution's libvirt, but would not confine guests of this one."""
    if 'libvirt' not in installed or prefix.home != prefix.path:
        return {}
    try:
        return confinement.obstacles(prefix.path)
    except PermissionError:
        # the list of profiles is root's
        return {'apparmor': None}


def _of_package(prefix, name):
    """Return what an installed package says of itself, None if none is."""
    about = files.read_json(os.path.join(prefix.home,
                                         packages.about_path(name)))
    if about is None:
        return None
    try:
        lines = run.output(['dpkg', '--verify',
                            packages.package_name(name)]).splitlines()
    except errors.Error as error:
        lines = [str(error)]
    # "c": a setting, which the operator may change
    return dict(about, state='installed', damage=[
        line for line in lines if line.split()[1:2] != ['c']])


def _lines(found):
    if not found['components']:
        yield 'nothing is installed in %s' % found['prefix']
        yield 'hint: hypervisor/build'
        return
    yield '%s%s' % (found['prefix'], ', from packages'
                    if found['packages'] else '')
    for about in found['components'].values():
        yield '  %s, built %s' % (
            pipeline.title(about),
            time.strftime('%Y-%m-%d %H:%M', time.localtime(about['built'])))
        for patch in about['patches']:
            yield '      %s' % patch
        if about['state'] != 'installed':
            yield '    NOT COMPLETE: run hypervisor/build again'
        for line in about['damage']:
            yield '    DAMAGED: %s' % line
    for name in found['missing']:
        yield '  %s is not installed' % name
    for path in found['changed_settings']:
        yield '  changed by hand: %s' % path
    for model, reason in found['unconfined'].items():
        if not reason:
            yield ('  whether %s confines guests can be seen by root only'
                   % model)
            continue
        why, hint = reason
        yield ('    NOT CONFINED: the distribution\'s libvirt confines guests '
               'by %s, and this one would not: %s' % (model, why))
        yield '    hint: %s' % hint
    for process in found['running']:
        yield '  running: %(program)s (process %(pid)d)' % process
