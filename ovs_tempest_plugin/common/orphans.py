# SPDX-License-Identifier: Apache-2.0

"""Volumes and snapshots of a vPool that Cinder does not know.

What Cinder deleted while clones needed it stays on the vPool under a mark
(see "Deleting a volume with clones" in
doc/source/contributors/architecture.rst); that is no
orphan for as long as something that Cinder knows depends on it. The label of a
volume that Cinder manages is one when the volume is.
"""

from ovs_drivers import marks


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


def _justify(content, known):
    """Add to KNOWN what marks keep for it; return the marks that do."""
    justified = set()
    found = True
    while found:
        found = False
        parents = [content[name][0] for name in known]
        volumes = set(info.parent_volume_id for info in parents)
        snapshots = set((info.parent_volume_id, info.parent_snapshot_id)
                        for info in parents)
        for mark in marks.marks_in(set(content) - justified):
            if mark.is_snapshot:
                needed = (mark.volume_id, mark.name) in snapshots
            else:
                needed = mark.volume_id in volumes
            if needed:
                justified.add(mark.text)
                if not mark.is_snapshot and mark.name in content:
                    known.add(mark.name)
                found = True
    return justified


def _labels(content, known):
    """The labels of the volumes in KNOWN."""
    ids = set('%s' % content[name][0].volume_id for name in known)
    return set(label.text for label in marks.labels_in(content)
               if label.volume_id in ids)


def _snapshot_is_known(snapshot, info, snapshots, content, justified):
    if snapshot in snapshots:
        return True
    if snapshot.startswith(marks.CLONE_SNAPSHOT):
        return snapshot[len(marks.CLONE_SNAPSHOT):] in content
    return marks.of_snapshot(info.volume_id, snapshot) in justified
