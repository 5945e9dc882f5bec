# SPDX-License-Identifier: Apache-2.0

"""Delete from a vPool what the Cinder of this DevStack has put there.

Runs under Cinder's own Python, which has SQLAlchemy and the driver of its
database, when Cinder has stopped. A vPool may serve other clouds too: only
volumes that this Cinder's database knows, deleted ones included, and the
driver's marks for them are removed. The vPool's options come from standard
input, as OPTION=VALUE, and the address of the database from the variable
OPENVSTORAGE_CINDER_DATABASE: process lists show neither guid nor password.
"""

import os
import sys

import sqlalchemy
import sqlalchemy.exc

from ovs_drivers import marks
from ovs_drivers import storagedriver


def known_names(database):
    """Return the names that volumes of Cinder have on a back end."""
    query = 'SELECT id, _name_id FROM volumes'
    engine = sqlalchemy.create_engine(database)
    connection = engine.connect()
    try:
        rows = connection.execute(sqlalchemy.text(query)).fetchall()
    finally:
        connection.close()
    return set('volume-%s' % (name_id or id_) for id_, name_id in rows)


def ours(names, known):
    """Return those of NAMES that are known, or marks and labels of what is.

    A label names the id of a volume that was on the vPool before.
    """
    ours_too = [mark.text for mark in marks.marks_in(names)
                if mark.name in known]
    ours_too += [label.text for label in marks.labels_in(names)
                 if 'volume-' + label.owner in known]
    return [name for name in names if name in known] + ours_too


def delete(vpool, names):
    """Delete volumes, clones before what they depend on; return the rest."""
    names, before = list(names), None
    while names and names != before:
        before, names = names, []
        for name in before:
            try:
                vpool.unlink(name)
            except storagedriver.ObjectNotFound:
                pass
            except storagedriver.ObjectStillHasChildren:
                names.append(name)
    return names


def clean_up(vpool, database):
    """Delete the volumes, and say how many there were."""
    found = ours(vpool.volume_names(), known_names(database))
    left = delete(vpool, found)
    print('%d volumes deleted' % (len(found) - len(left)))
    if left:
        sys.exit('volumes that others have cloned stay: '
                 + ' '.join(sorted(left)))


def main():
    vpool = storagedriver.from_options(
        dict(line.rstrip('\n').split('=', 1) for line in sys.stdin))
    try:
        clean_up(vpool, os.environ['OPENVSTORAGE_CINDER_DATABASE'])
    except sqlalchemy.exc.SQLAlchemyError as error:
        # clean.sh has stopped it, after unstack.sh has come by here
        sys.exit('no volumes are deleted: Cinder\'s database does not answer '
                 '(%s)' % type(error).__name__)
    except storagedriver.StorageDriverError as error:
        sys.exit('volumes stay: %s' % error)


if __name__ == '__main__':
    main()
