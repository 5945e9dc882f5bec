# SPDX-License-Identifier: Apache-2.0

"""TLS of the XML-RPC port, from the files that the engine uses too."""

import os
import ssl
import stat

from ovs_storagedriver import errors
from ovs_storagedriver import key_material


def server_context(folder, verify_client):
    """Return the SSLContext of a server, TLS 1.2 or newer.

    :param verify_client: whether callers have to show a certificate of the
                          authority in ca-cert.pem
    :raises: errors.SettingsError
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    cert = os.path.join(folder, key_material.SERVER_CERT)
    key = os.path.join(folder, key_material.SERVER_KEY)
    _check_private(key)
    _load(context.load_cert_chain, cert, key)
    if verify_client:
        context.verify_mode = ssl.CERT_REQUIRED
        _load(context.load_verify_locations,
              os.path.join(folder, key_material.CA_CERT))
    return context


def _load(load, *files):
    try:
        load(*files)
    except (OSError, ssl.SSLError) as error:
        raise errors.SettingsError(
            'tls: %s cannot be used: %s. hint: "ovs-storagedriver tls-init" '
            'makes what is needed' % (' with '.join(files), error.strerror or
                                      error))


def _check_private(path):
    try:
        status = os.stat(path)
    except OSError as error:
        raise errors.SettingsError(
            'tls: %s cannot be read: %s. hint: "ovs-storagedriver tls-init" '
            'makes it; tls_dir names its folder' % (path, error.strerror))
    if status.st_uid not in (0, os.geteuid()) or status.st_mode & 0o007:
        raise errors.SettingsError(
            'tls: %s belongs to the user %d and has the mode %o: it has to '
            'be of root or of the user of this service, and closed to '
            'others. hint: chown and chmod 0600'
            % (path, status.st_uid, stat.S_IMODE(status.st_mode)))
