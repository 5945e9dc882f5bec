# SPDX-License-Identifier: Apache-2.0

"""Names that Cinder gives to volumes."""

from oslo_utils import uuidutils

try:
    from cinder.volume import volume_utils
except ImportError:
    from cinder.volume import utils as volume_utils


def cinder_id(name):
    """Return the id of Cinder's that a volume's name was made of, or None."""
    found = volume_utils.extract_id_from_volume_name(name)
    return found if found and uuidutils.is_uuid_like(found) else None
