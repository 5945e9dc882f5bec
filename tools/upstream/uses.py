# SPDX-License-Identifier: Apache-2.0

"""Read the names of others that our code uses, from its syntax trees."""

import ast
import collections
import os
import sys

from upstream import signatures

#: names: the dotted names that our code tries one after the other; tried:
#: those whose import may fail; asked: those that it asks for with hasattr() or
#: getattr(); call: the Call that is made, if any
Name = collections.namedtuple('Name', ['names', 'where', 'tried', 'asked',
                                       'call'])
#: what a class of ours takes from its bases: by self or super(); or puts in
#: the place of theirs, with the signature of ours
Member = collections.namedtuple('Member', ['bases', 'name', 'where', 'call'])
Override = collections.namedtuple('Override', ['bases', 'name', 'where',
                                               'signature'])
#: what the tests are written with comes with us, not with a release
_TEST_TOOLS = ('fixtures', 'hypothesis', 'mock', 'packaging', 'subunit',
               'testtools')
#: functions that get the dotted name of what they import or replace
_NAMERS = ('MonkeyPatch', 'MockPatch', 'patch', 'import_module', 'import_opt',
           'import_class', 'import_object')


def collect(top, packages):
    """Return all uses in some packages of a source tree."""
    modules = {}
    for package in packages:
        for folder, _, files in os.walk(os.path.join(top, package)):
            for name in files:
                if name.endswith('.py'):
                    path = os.path.relpath(os.path.join(folder, name), top)
                    module = _Module(top, path)
                    modules[module.name] = module
    project = _Project(modules)
    return sorted(set(project.names()) | set(project.of_classes()), key=repr)


class _Module(ast.NodeVisitor):
    """One file, with its names resolved as far as it can tell."""

    def __init__(self, top, path):
        self.path = path
        self.name = path[:-len('.py')].replace('/__init__', '').replace(
            '/', '.')
        self.tried = set()
        self.asked = set()
        self.classes = {}
        self.uses = []
        self._class = None
        with open(os.path.join(top, path), encoding='utf-8') as source:
            tree = ast.parse(source.read(), path)
        #: what it calls something -> the dotted names that this may be
        self.bindings = self._read_imports(list(_outside_functions(tree)))
        #: the same for the functions around a place; no names: a variable
        self._scopes = [self.bindings]
        self.visit(tree)

    def _read_imports(self, statements):
        """Return what imports bind: name -> dotted names, in their order."""
        attempts = [node for node in statements
                    if isinstance(node, ast.Try) and _expects_absence(node)]
        guarded = {id(part) for attempt in attempts
                   for statement in attempt.body
                   for part in ast.walk(statement)}
        bindings, found = collections.defaultdict(list), []
        for node in statements:
            if not isinstance(node, (ast.Import, ast.ImportFrom)):
                continue
            for bound, dotted in _imported(node):
                bindings[bound].append(dotted)
                if id(node) in guarded:
                    self.tried.add(dotted)
                found.append((bound, node.lineno))
        for bound, line in found:
            self.uses.append((tuple(bindings[bound]), line, None))
        return bindings

    def resolve(self, node):
        """Return the dotted names that an expression may be, or nothing."""
        chain = _chain(node)
        if not chain:
            return ()
        rest = '.'.join([''] + chain[1:])
        for scope in reversed(self._scopes):
            if chain[0] in scope:
                return tuple(start + rest for start in scope[chain[0]])
        if chain[0] in self.classes:
            return (self.name + '.' + chain[0] + rest,)
        return ()

    def visit_Attribute(self, node):
        found = self.resolve(node)
        if found:
            self.uses.append((found, node.lineno, None))
        else:
            self._note_member(node, None)
            self.generic_visit(node)

    def visit_Call(self, node):
        call = _call(node)
        found = self.resolve(node.func)
        if found:
            self.uses.append((found, node.lineno, call))
        elif isinstance(node.func, ast.Attribute):
            self._note_member(node.func, call)
            self.visit(node.func.value)
        self._note_named(node)
        self._note_question(node)
        for part in node.args + [keyword.value for keyword in node.keywords]:
            self.visit(part)

    def _note_named(self, node):
        """Note the name in a string that is imported or replaced."""
        name = _chain(node.func)
        if name and name[-1] in _NAMERS:
            for argument in node.args[:2]:
                text = getattr(argument, 'value', None)
                if isinstance(text, str) and text.count('.'):
                    self.uses.append(((text,), node.lineno, None))

    def _note_question(self, node):
        """Note hasattr(), and getattr() with a default: it does without."""
        if (isinstance(node.func, ast.Name)
                and (node.func.id, len(node.args)) in (('hasattr', 2),
                                                       ('getattr', 3))
                and isinstance(node.args[1], ast.Constant)):
            for start in self.resolve(node.args[0]):
                self.asked.add('%s.%s' % (start, node.args[1].value))

    def _note_member(self, node, call):
        """Note what a method takes from self, or from super()."""
        if self._class is None:
            return
        if isinstance(node.value, ast.Name) and node.value.id in ('self',
                                                                  'cls'):
            if isinstance(node.ctx, ast.Store):
                self._class.members.add(node.attr)
            else:
                self._class.taken.append((node.attr, node.lineno, call))
        elif (isinstance(node.value, ast.Call)
                and _chain(node.value.func) == ['super']):
            self._class.inherited.append((node.attr, node.lineno, call))

    def visit_ClassDef(self, node):
        for base in node.bases:
            self.visit(base)
        outer, self._class = self._class, _Class(node, self)
        self.classes[node.name] = self._class
        for statement in node.body:
            self.visit(statement)
        self._class = outer

    def visit_FunctionDef(self, node):
        self._visit_function(node, dict(
            dict.fromkeys(_local_names(node), ()),
            **self._read_imports(list(ast.walk(node)))))

    def visit_Lambda(self, node):
        self._visit_function(node,
                             dict.fromkeys(_argument_names(node.args), ()))

    def _visit_function(self, node, scope):
        self._scopes.append(scope)
        self.generic_visit(node)
        self._scopes.pop()


class _Class(object):
    """A class of ours."""

    def __init__(self, node, module):
        self.module = module
        #: for each base the dotted names that it may be; None: unknown
        self.bases = [module.resolve(base) or _builtin(base)
                      for base in node.bases]
        self.methods = {
            part.name: part for part in node.body
            if isinstance(part, ast.FunctionDef)}
        self.members = set(self.methods)
        for part in node.body:
            if isinstance(part, ast.Assign):
                self.members.update(target.id for target in part.targets
                                    if isinstance(target, ast.Name))
            elif isinstance(part, ast.ClassDef):
                self.members.add(part.name)
        self.taken = []
        self.inherited = []


class _Project(object):
    """All modules together: what one takes from another is followed."""

    def __init__(self, modules):
        self._modules = modules
        self._own = {name.split('.')[0] for name in modules}

    def names(self):
        """Yield the names that are imported, called, read and replaced."""
        for module in self._modules.values():
            for alternatives, line, call in module.uses:
                found = self._upstream(alternatives)
                if found:
                    yield Name(found, _where(module, line),
                               _parts(found, module.tried),
                               _parts(found, module.asked), call)

    def of_classes(self):
        """Yield what our classes have to do with theirs."""
        families = [self._ancestors(module.name + '.' + name)
                    for module in self._modules.values()
                    for name in module.classes]
        heirs = collections.defaultdict(set)
        for own, _ in families:
            for ancestor in own:
                heirs[ancestor] |= own[0].members
        for own, bases in families:
            if bases and None not in bases and any(
                    all(map(_is_upstream, names)) for names in bases):
                yield from _class_uses(own, tuple(bases), heirs[own[0]])

    def _ancestors(self, dotted):
        """Return our classes and the others' that a class inherits from."""
        own, bases, todo = [], [], [(dotted,)]
        while todo:
            alternatives = todo.pop(0)
            followed = alternatives and self._followed(alternatives[0])
            module, _, name = (followed or '').rpartition('.')
            found = (self._modules[module].classes.get(name)
                     if module in self._modules else None)
            if found:
                own.append(found)
                todo += found.bases
            elif followed is None or followed.split('.')[0] in self._own:
                bases.append(None)
            else:
                bases.append(tuple(self._followed(each)
                                   for each in alternatives))
        return own, bases

    def _upstream(self, alternatives):
        """Return those names that are not ours, all or none.

        What ovs-drivers registers there is ours, too.
        """
        found = tuple(self._followed(name) for name in alternatives)
        return found if all(
            name and _is_upstream(name) and 'openvstorage' not in name.lower()
            and name.split('.')[0] not in self._own for name in found) else ()

    def _followed(self, dotted):
        """Return what a name of ours stands for, if it is another's."""
        parts = dotted.split('.')
        for length in range(len(parts) - 1, 0, -1):
            module = self._modules.get('.'.join(parts[:length]))
            if module is None or parts[length] not in module.bindings:
                continue
            target = '.'.join([module.bindings[parts[length]][0]]
                              + parts[length + 1:])
            return None if target == dotted else self._followed(target)
        return dotted


def _class_uses(own, bases, of_heirs):
    """Yield the uses of a class and of our classes that it inherits from.

    :param of_heirs: what our classes that inherit from it have
    """
    members = of_heirs.union(*(found.members for found in own))
    for found in own:
        others = set().union(*(other.methods for other in own
                               if other is not found))
        for name, line, call in found.taken:
            if name not in members and not name.startswith('__'):
                yield Member(bases, name, _where(found.module, line), call)
        for name, line, call in found.inherited:
            if name not in others:
                yield Member(bases, name, _where(found.module, line), call)
        for name, node in found.methods.items():
            if not name.startswith('_'):
                yield Override(bases, name, _where(found.module, node.lineno),
                               _signature(node))


def _parts(names, known):
    """Return those of the known names that are the beginning of some name."""
    return tuple(sorted(each for each in known if any(
        (name + '.').startswith(each + '.') for name in names)))


def _where(module, line):
    return '%s:%d' % (module.path, line)


def _is_upstream(dotted):
    root = dotted.split('.')[0]
    return root not in sys.stdlib_module_names and root not in _TEST_TOOLS


def _outside_functions(node):
    """Yield the nodes of a tree that are run when it is imported."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (ast.FunctionDef, ast.Lambda)):
            yield child
            yield from _outside_functions(child)


def _expects_absence(node):
    """Say whether a try statement goes on after a failed import."""
    return any('ImportError' in ast.dump(handler.type)
               or 'AttributeError' in ast.dump(handler.type)
               for handler in node.handlers if handler.type)


def _imported(node):
    """Return pairs of what an import binds, and the dotted name of it."""
    if isinstance(node, ast.ImportFrom):
        return [(alias.asname or alias.name,
                 '%s.%s' % (node.module, alias.name)) for alias in node.names]
    return [(alias.asname or alias.name.split('.')[0],
             alias.name if alias.asname else alias.name.split('.')[0])
            for alias in node.names]


def _chain(node):
    """Return the parts of a dotted expression, or None."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.insert(0, node.attr)
        node = node.value
    return [node.id] + parts if isinstance(node, ast.Name) else None


def _builtin(base):
    return (('builtins.' + base.id,) if isinstance(base, ast.Name)
            and base.id in ('object', 'dict', 'Exception', 'type') else None)


def _call(node):
    starred = [part for part in node.args if isinstance(part, ast.Starred)]
    return signatures.Call(
        len(node.args) - len(starred),
        tuple(part.arg for part in node.keywords if part.arg), bool(starred),
        any(part.arg is None for part in node.keywords))


def _argument_names(arguments):
    named = arguments.posonlyargs + arguments.args + arguments.kwonlyargs
    return [part.arg for part in named
            + [arguments.vararg, arguments.kwarg] if part]


def _local_names(function):
    """Return the names that a function gives to something of its own."""
    return set(_argument_names(function.args)) | {
        node.id for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def _signature(node):
    """Return a method's signature in the form of the probe, without self."""
    arguments = node.args
    if node.decorator_list and not any(
            _chain(part) == ['classmethod'] for part in node.decorator_list):
        return None     # a property, or what a decorator makes of it
    names = [part.arg for part in arguments.posonlyargs + arguments.args][1:]
    return _Signature({
        'positional': names,
        'required': max(0, len(names) - len(arguments.defaults)),
        'keywords': {part.arg: default is None for part, default in zip(
            arguments.kwonlyargs, arguments.kw_defaults)},
        'varargs': bool(arguments.vararg), 'varkw': bool(arguments.kwarg)})


class _Signature(dict):
    """A signature that may be in a set."""

    def __hash__(self):
        return hash(repr(self))
