# SPDX-License-Identifier: Apache-2.0

"""What a vPool holds and Cinder does not know.

What Cinder deleted while clones needed it stays on the vPool under a mark
(see "Deleting a volume with clones" in
doc/source/contributors/architecture.rst); that is no
orphan for as long as something that Cinder knows depends on it. The label of a
volume that Cinder manages is one when the volume is.
"""

VOLUME_MARK = 'cinder-deleted.volume.'
SNAPSHOT_MARK = 'cinder-deleted.snapshot.'
CLONE_SNAPSHOT = 'clone-'
LABEL = 'cinder-owner.'


def find(content, volumes, snapshots):
    """Return the orphans among what a vPool holds, sorted.

    :param content: VPoolClient.content()
    :param volumes: the names of the volumes that Cinder knows
    :param snapshots: the names of the snapshots that Cinder knows
    """
    known = set(name for name in content if name in volumes)
    justified = _justify(content, known)
    justified |= _labels(content, known)
    orphans = [name for name in content
               if name not in known and name not in justified]
    for name, (info, names) in content.items():
        orphans += ['%s of %s' % (snapshot, name) for snapshot in names
                    if not _snapshot_is_known(snapshot, info, snapshots,
                                              content, justified)]
    return sorted(orphans)


def volume_mark(volume_id, name):
    """The name of the mark of a deleted volume that has clones."""
    return '%s%s.%s' % (VOLUME_MARK, volume_id, name)


def _justify(content, known):
    """Add to KNOWN what marks keep for it; return the marks that do."""
    justified = set()
    found = True
    while found:
        found = False
        needed = set()
        for name in known:
            info = content[name][0]
            needed.add((info.parent_volume_id, None))
            needed.add((info.parent_volume_id, info.parent_snapshot_id))
        for name in set(content) - justified:
            target = _target(name)
            if target and target[:2] in needed:
                justified.add(name)
                if target[1] is None and target[2] in content:
                    known.add(target[2])
                found = True
    return justified


def _labels(content, known):
    """The labels of the volumes in KNOWN."""
    ids = set('%s' % content[name][0].volume_id for name in known)
    return set(name for name in content if name.startswith(LABEL) and
               name[len(LABEL):].partition('.')[0] in ids)


def _target(mark):
    """Volume id, snapshot and volume name that a mark is about, or None."""
    for prefix in (VOLUME_MARK, SNAPSHOT_MARK):
        if mark.startswith(prefix):
            volume_id, _dot, name = mark[len(prefix):].partition('.')
            return ((volume_id, None, name) if prefix == VOLUME_MARK
                    else (volume_id, name, None))
    return None


def _snapshot_is_known(snapshot, info, snapshots, content, justified):
    if snapshot in snapshots:
        return True
    if snapshot.startswith(CLONE_SNAPSHOT):
        return snapshot[len(CLONE_SNAPSHOT):] in content
    return '%s%s.%s' % (SNAPSHOT_MARK, info.volume_id, snapshot) in justified
