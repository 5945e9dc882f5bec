# SPDX-License-Identifier: Apache-2.0

"""Choose the sessions that end when Cinder takes a connection away.

A detached guest has closed its session with the volume. A guest whose host is
dead, or cut off, has not closed it: the guest could write after another host
got the volume. Nova takes the old connection away before it makes the new one,
also when it evacuates an instance. A forced detach does so, too.
"""

from oslo_log import log as logging
from oslo_utils import netutils

LOG = logging.getLogger(__name__)

ALL_SESSIONS = ''
_NOT_CONNECTED = ('reserved', 'detached', 'deleted')


def peer(connector, attachments):
    """Return the address whose sessions have to end, ALL_SESSIONS, or None.

    :param connector: of the connection that goes; None if Cinder has none
    :param attachments: all of the volume's, with the one that goes
    """
    attachments = [attachment for attachment in attachments
                   if attachment.attach_status not in _NOT_CONNECTED]
    if len(attachments) > 1:
        return _one_of_several(connector, attachments)
    if not connector or any(_is_of(connector, attachment)
                            for attachment in attachments):
        return ALL_SESSIONS
    # Nova before Queens, or Cinder itself: others may be connected of whom
    # Cinder has no record, such as the target of a live migration.
    return _address(connector)


def _one_of_several(connector, attachments):
    if not connector:
        LOG.warning('Volume %s has %d attachments, and the request does not '
                    'name one of them: no session is ended',
                    attachments[0].volume_id, len(attachments))
        return None
    on_the_host = [attachment for attachment in attachments
                   if _is_of(connector, attachment) or
                   attachment.attached_host == connector.get('host')]
    if len(on_the_host) > 1:
        LOG.info('Host %s has volume %s attached more than once: no session '
                 'is ended', connector.get('host'),
                 attachments[0].volume_id)
        return None
    return _address(connector)


def _is_of(connector, attachment):
    """Return true if the attachment is of the connector's host for sure."""
    theirs = getattr(attachment, 'connector', None) or {}
    return bool(theirs) and (theirs.get('ip') == connector.get('ip') or
                             theirs.get('host') == connector.get('host'))


def _address(connector):
    address = connector.get('ip')
    if address and netutils.is_valid_ip(address):
        return address
    LOG.warning('The connector of host %s has no address (ip = %r): no '
                'session is ended', connector.get('host'), address)
    return None
