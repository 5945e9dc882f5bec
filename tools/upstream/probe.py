# SPDX-License-Identifier: Apache-2.0

"""Answers of an interpreter about the packages that it finds.

The text of this file runs in that interpreter, so it imports nothing of ours
and nothing beyond the standard library, and works on Python 2.7 and 3. It
reads one JSON request from its standard input and writes one JSON answer.
"""

import ast
import inspect
import json
import os
import sys
import textwrap
import types

_CLASSES = (type,) if sys.version_info[0] > 2 else (type, types.ClassType)


class Gone(Exception):
    """A part of a dotted name is not there."""


class Untold(Gone):
    """A module cannot be looked into, for lack of another package."""


def find(dotted):
    """Return what a dotted name stands for; None where only a run can tell.

    :raises Gone: with the part that is missing, and why
    """
    parts = dotted.split('.')
    found, name = load(parts[0]), parts[0]
    for part in parts[1:]:
        name += '.' + part
        if hasattr(found, part):
            found = getattr(found, part)
        elif isinstance(found, types.ModuleType):
            found = load(name, 'neither an attribute nor a module')
        elif found is None or hasattr(type(found), '__getattr__'):
            return None
        else:
            raise Gone(name, 'no such attribute')
    return found


def load(name, problem='no such package'):
    """Import a module.

    :param problem: what is the matter if it does not exist
    """
    try:
        __import__(name)
    except ImportError as error:
        missing = (getattr(error, 'name', None) or name).split('.')[0]
        if missing != name.split('.')[0]:
            raise Untold(name, 'importing it needs ' + missing)
        raise Gone(name, problem)
    except Exception as error:
        raise Gone(name, 'importing it ends in %s: %s'
                   % (type(error).__name__, error))
    return sys.modules[name]


def describe_name(dotted):
    """Say whether a name is there, and how it is called."""
    try:
        found = find(dotted)
    except Untold as untold:
        return {'untold': untold.args[0], 'reason': untold.args[1]}
    except Gone as gone:
        return {'gone': gone.args[0], 'reason': gone.args[1]}
    return {'signature': signature_of(found)}


def describe_class(bases):
    """Say what the instances of a class have.

    :param bases: for each base the names that are tried
    """
    members, is_open = {}, False
    for names in bases:
        base = first(names)
        if base is None:
            is_open = True     # it is missed by its own name
            continue
        is_open = is_open or hasattr(base, '__getattr__')
        for name in dir(base):
            members.setdefault(name, member_signature(base, name))
        assigned, at_run_time = given_by_methods(base)
        is_open = is_open or at_run_time
        for name in assigned:
            members.setdefault(name, None)
    return {'members': members, 'open': is_open}


def first(names):
    """Return what the first of some names that is there stands for."""
    for name in names:
        try:
            return find(name)
        except Gone:
            pass
    return None


def member_signature(base, name):
    """Return the signature of a method as an instance has it, or None."""
    for owner in inspect.getmro(base):
        if name in vars(owner):
            raw = vars(owner)[name]
            if isinstance(raw, (staticmethod, classmethod)):
                return signature_of(getattr(base, name))
            if isinstance(raw, types.FunctionType):
                return without_first(signature_of(raw))
    return None


def given_by_methods(base):
    """Return what the methods of a class give its instances.

    :returns: names, and whether there are others, named at run time only
    """
    names, at_run_time = set(), False
    for owner in inspect.getmro(base):
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(owner)))
        except (IOError, OSError, TypeError, SyntaxError):
            continue        # a class of C, or made at run time
        for node in ast.walk(tree):
            if (isinstance(node, ast.Attribute) and is_self(node.value)
                    and isinstance(node.ctx, ast.Store)):
                names.add(node.attr)
            elif (isinstance(node, ast.Call) and node.args
                    and getattr(node.func, 'id', None) == 'setattr'):
                at_run_time = at_run_time or is_self(node.args[0])
    return names, at_run_time


def is_self(node):
    return isinstance(node, ast.Name) and node.id in ('self', 'cls')


def signature_of(found):
    """Return how something is called, or None if that cannot be told."""
    if isinstance(found, _CLASSES):
        maker = getattr(found, '__init__', None)
        if isinstance(maker, (types.FunctionType, types.MethodType)):
            return without_first(signature_of(getattr(maker, '__func__',
                                                      maker)))
        return None
    try:
        if sys.version_info[0] == 2:
            return signature_of_python2(found)
        return signature_of_python3(found)
    except (TypeError, ValueError):
        return None


def signature_of_python2(found):
    spec = inspect.getargspec(found)
    required = len(spec.args) - len(spec.defaults or ())
    answer = {'positional': spec.args, 'required': required,
              'keywords': {}, 'varargs': bool(spec.varargs),
              'varkw': bool(spec.keywords)}
    is_bound = getattr(found, '__self__', None) is not None
    return without_first(answer) if is_bound else answer


def signature_of_python3(found):
    answer = {'positional': [], 'required': 0, 'keywords': {},
              'varargs': False, 'varkw': False}
    for name, parameter in inspect.signature(found).parameters.items():
        needed = parameter.default is parameter.empty
        if parameter.kind is parameter.VAR_POSITIONAL:
            answer['varargs'] = True
        elif parameter.kind is parameter.VAR_KEYWORD:
            answer['varkw'] = True
        elif parameter.kind is parameter.KEYWORD_ONLY:
            answer['keywords'][name] = needed
        else:
            answer['positional'].append(name)
            answer['required'] += needed
    return answer


def without_first(signature):
    """Return a signature without self."""
    if not signature or not signature['positional']:
        return signature
    return dict(signature, positional=signature['positional'][1:],
                required=max(0, signature['required'] - 1))


def describe(names, classes):
    """Answer all questions about one package.

    :param names: dotted names
    :param classes: lists of bases, see describe_class
    """
    try:
        # Cinder's and Nova's objects are where they are looked for only then
        find(names[0].split('.')[0] + '.objects.register_all')()
    except Gone:
        pass
    return {'names': [describe_name(name) for name in names],
            'classes': [describe_class(bases) for bases in classes]}


def main():
    # Imported modules may print: only the answer goes to the real output.
    answer_to = os.dup(1)
    os.dup2(2, 1)
    # `-c` puts the current folder first; the services do not look there.
    sys.path[:] = [path for path in sys.path if path]
    answer = json.dumps(describe(**json.loads(sys.stdin.read())))
    with os.fdopen(answer_to, 'w') as target:
        target.write(answer)


if __name__ == '__main__':
    main()
