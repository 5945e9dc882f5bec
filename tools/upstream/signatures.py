# SPDX-License-Identifier: Apache-2.0

"""Compare calls, and methods that replace others, with the signatures."""

import collections

#: how something is called: the number of positional arguments, the names of
#: the others, whether *args and **kwargs are among them
Call = collections.namedtuple('Call', ['positional', 'keywords', 'starred',
                                       'kw_starred'])


def misfit(call, signature):
    """Say why a call does not fit a signature, or return None.

    :param signature: what the probe says, None where it cannot tell
    """
    if call is None or signature is None:
        return None
    names = signature['positional']
    if call.positional > len(names) and not signature['varargs']:
        return 'takes %d positional arguments, gets %d' % (len(names),
                                                           call.positional)
    for name in call.keywords:
        if (name not in names[call.positional:]
                and name not in signature['keywords']
                and not signature['varkw']):
            return 'has no parameter %s' % name
    if call.starred or call.kw_starred:
        return None
    needed = names[call.positional:signature['required']] + [
        name for name, is_needed in signature['keywords'].items() if is_needed]
    missing = [name for name in needed if name not in call.keywords]
    return 'needs %s' % ', '.join(missing) if missing else None


def misfit_of_override(ours, theirs):
    """Say which call of the method that ours replaces it would refuse."""
    if ours is None or theirs is None:
        return None
    known = set(ours['positional']) | set(ours['keywords'])
    for place, name in enumerate(theirs['positional']):
        by_place = place < len(ours['positional']) or ours['varargs']
        if not by_place and name not in known and not ours['varkw']:
            return 'has the parameter %s, ours has none for it' % name
    for name in theirs['keywords']:
        if name not in known and not ours['varkw']:
            return 'has the parameter %s, ours has none for it' % name
    if ours['required'] > len(theirs['positional']) and not theirs['varargs']:
        return 'takes %d positional arguments, ours needs %d' % (
            len(theirs['positional']), ours['required'])
    return None


def text(signature):
    """Write a signature as Python does."""
    if signature is None:
        return 'unknown'
    words = [name if place < signature['required'] else name + '=…'
             for place, name in enumerate(signature['positional'])]
    if signature['varargs']:
        words.append('*args')
    elif signature['keywords']:
        words.append('*')
    words += [name if is_needed else name + '=…'
              for name, is_needed in sorted(signature['keywords'].items())]
    if signature['varkw']:
        words.append('**kwargs')
    return '(%s)' % ', '.join(words)
