# SPDX-License-Identifier: Apache-2.0

"""Cinder volume driver for Open vStorage Edge."""

import contextlib

from cinder import context as cinder_context
from cinder import coordination
from cinder import exception
from cinder import interface
from cinder import objects
from cinder.volume import configuration as volume_configuration
from cinder.volume import driver
from oslo_config import cfg
from oslo_log import log as logging
from oslo_utils import excutils
from oslo_utils import units

from ovs_drivers.cinder import errors
from ovs_drivers.cinder import fencing
from ovs_drivers.cinder import images
from ovs_drivers.cinder import locks
from ovs_drivers.cinder import luks
from ovs_drivers.cinder import manage
from ovs_drivers.cinder import options
from ovs_drivers.cinder import qemu_img
from ovs_drivers.cinder import threads
from ovs_drivers.cinder import vpool
from ovs_drivers import edge
from ovs_drivers import location
from ovs_drivers import storagedriver

CONF = cfg.CONF
LOG = logging.getLogger(__name__)
_GROUP = getattr(volume_configuration, 'SHARED_CONF_GROUP', None)
CONF.import_opt('allowed_direct_url_schemes', 'cinder.image.glance')
CONF.register_opts(options.OPTS, **({'group': _GROUP} if _GROUP else {}))


@contextlib.contextmanager
def _undo_on_error(undo, *arguments):
    """Undo what a failed step may have left, then raise its error."""
    try:
        yield
    except errors.NameTaken:
        # Something else has this name; it is not ours to remove.
        raise
    except Exception:
        with excutils.save_and_reraise_exception():
            try:
                undo(*arguments)
            except errors.VPoolError as failure:
                LOG.warning('Cannot undo the failed step on %s: %s',
                            ', '.join(arguments), failure)


@interface.volumedriver
class OpenvStorageEdgeVolumeDriver(manage.ManagingDriver,
                                   driver.VolumeDriver):
    """Volumes on a vPool of Open vStorage, reached over its edge protocol.

    Version history:

    * 1.0.0 - The driver for Newton, by the vendor.
    * 2.0.0 - Rewritten for Newton to 2026.x; needs no other API of Open
      vStorage than the storagedriver's.
    """

    VERSION = '2.0.0'
    VENDOR = 'Open vStorage'
    CI_WIKI_NAME = 'OpenvStorage_CI'
    SUPPORTED = True

    def __init__(self, *args, **kwargs):
        super(OpenvStorageEdgeVolumeDriver, self).__init__(*args, **kwargs)
        self.configuration.append_config_values(options.OPTS)
        self._settings = None
        self._stats = {}
        self._vpool = None
        self._qemu_img = qemu_img.QemuImg(self._execute)

    @staticmethod
    def get_driver_options():
        return options.OPTS

    # Setting up

    def do_setup(self, context):
        """Get ready for requests; check_for_setup_error() comes next."""
        threads.settle()

    def check_for_setup_error(self):
        """Find everything that is wrong before the first volume is made."""
        try:
            self._settings = settings = options.read(self.configuration)
            library = edge.load_library()
        except (options.OptionError, edge.LibraryMissing) as error:
            raise exception.VolumeBackendAPIException(data='%s' % error)
        self._vpool = vpool.VPool(
            edge.Edge(settings.hosts, settings.edge_port,
                      settings.edge_protocol, settings.edge_timeout, library),
            storagedriver.StorageDriver(
                settings.hosts, settings.xml_rpc_port, settings.vpool_guid,
                settings.edge_timeout, tls=settings.xml_rpc_tls,
                redirect_hosts=settings.xml_rpc_redirect_hosts),
            settings.snapshot_timeout)
        self._vpool.check()
        self._qemu_img.check()

    # Volumes

    @coordination.synchronized('ovs-{volume.name_id}')
    def create_volume(self, volume):
        name = self._name(volume)
        if luks.is_encrypted(volume):
            return self._create_encrypted_volume(volume, name)
        with _undo_on_error(self._vpool.delete, name):
            self._vpool.create(name, volume.size * units.Gi)
            return self._model_update(name)

    @coordination.synchronized('ovs-{volume.name_id}')
    def delete_volume(self, volume):
        self._vpool.delete(self._name(volume), self._label_of(volume))

    @coordination.synchronized('ovs-{volume.name_id}')
    def extend_volume(self, volume, new_size):
        self._extend(self._name(volume), new_size)

    @coordination.synchronized('ovs-{snapshot.volume.name_id}')
    def create_volume_from_snapshot(self, volume, snapshot):
        return self._clone_snapshot(volume, self._name(snapshot.volume),
                                    self._snapshot_name(snapshot))

    @coordination.synchronized('ovs-{src_vref.name_id}')
    def create_cloned_volume(self, volume, src_vref):
        return self._clone_volume(volume, self._name(src_vref))

    @coordination.synchronized('ovs-{volume.name_id}')
    def _clone_snapshot(self, volume, source, snapshot_name):
        name = self._name(volume)
        with _undo_on_error(self._vpool.delete, name):
            self._vpool.clone_snapshot(source, snapshot_name, name)
            return self._grown(name, volume)

    @coordination.synchronized('ovs-{volume.name_id}')
    def _clone_volume(self, volume, source):
        name = self._name(volume)
        with _undo_on_error(self._vpool.delete, name):
            self._vpool.clone_volume(source, name)
            return self._grown(name, volume)

    def _grown(self, name, volume):
        """A clone has its source's size: give it the one that is wanted."""
        self._extend(name, volume.size)
        return self._model_update(name)

    @classmethod
    def clean_volume_file_locks(cls, volume_id):
        locks.forget(volume_id)

    # Snapshots

    @coordination.synchronized('ovs-{snapshot.volume.name_id}')
    def create_snapshot(self, snapshot):
        name = self._name(snapshot.volume)
        with _undo_on_error(self._vpool.delete_snapshot, name,
                            snapshot.name):
            self._vpool.snapshot(name, snapshot.name)

    @coordination.synchronized('ovs-{snapshot.volume.name_id}')
    def delete_snapshot(self, snapshot):
        self._vpool.delete_snapshot(self._name(snapshot.volume),
                                    self._snapshot_name(snapshot))

    def snapshot_revert_use_temp_snapshot(self):
        """The snapshot itself stays until the volume has its data back."""
        return False

    @coordination.synchronized('ovs-{volume.name_id}')
    def revert_to_snapshot(self, context, volume, snapshot):
        name = self._name(volume)
        snapshot_name = self._snapshot_name(snapshot)
        try:
            self._vpool.rollback(name, snapshot_name)
        except errors.HasClones:
            # Rolling back would remove a newer snapshot that a clone still
            # needs, one that Cinder has deleted or that was taken for it.
            self._vpool.copy_back(name, snapshot_name, self._copy_data)
        # Cinder before Queens reverts a volume that has grown since, too.
        if self._vpool.size(name) < volume.size * units.Gi:
            self._extend(name, volume.size)

    def _copy_data(self, source, target):
        self._qemu_img.copy_volume(self._location(source),
                                   self._location(target))

    # Images

    def copy_image_to_volume(self, context, volume, image_service, image_id,
                             disable_sparse=False):
        self._copy_image(context, volume, image_service, image_id,
                         disable_sparse, encrypt=False)

    def copy_image_to_encrypted_volume(self, context, volume, image_service,
                                       image_id, disable_sparse=False):
        self._copy_image(context, volume, image_service, image_id,
                         disable_sparse, encrypt=True)

    @coordination.synchronized('ovs-{volume.name_id}')
    def _copy_image(self, context, volume, image_service, image_id,
                    disable_sparse, encrypt):
        name = self._name(volume)
        self._vpool.make_usable(name)
        room = volume.size * units.Gi if encrypt else self._vpool.size(name)
        with images.fetched(context, image_service, image_id, room,
                            self._qemu_img) as (path, path_format):
            if encrypt:
                with luks.key_file(context, volume) as key_file:
                    self._qemu_img.write_luks_volume(
                        path, path_format, self._location(name), key_file)
            else:
                self._qemu_img.write_volume(
                    path, path_format, self._location(name),
                    self._vpool.is_blank(name), disable_sparse)

    @coordination.synchronized('ovs-{volume.name_id}')
    def copy_volume_to_image(self, context, volume, image_service,
                             image_meta):
        name = self._name(volume)
        self._vpool.make_usable(name)
        images.upload(context, image_service, image_meta, volume,
                      self._qemu_img, self._location(name))

    def clone_image(self, context, volume, image_location, image_meta,
                    image_service):
        """Clone the image if it is a template of this vPool.

        Only where the operator has named the scheme ``openvstorage`` in
        allowed_direct_url_schemes. No volume is a template by accident, and
        a template is read-only: no location gives a user's volume away.
        """
        if (image_meta.get('disk_format') == 'raw' and
                'openvstorage' in CONF.allowed_direct_url_schemes):
            for url in _urls(image_location):
                source = self._image_volume(url)
                if source and self._fits(source, volume):
                    return self._clone_template(volume, source), True
        return None, False

    @coordination.synchronized('ovs-{volume.name_id}')
    def _clone_template(self, volume, source):
        name = self._name(volume)
        with _undo_on_error(self._vpool.delete, name):
            self._vpool.clone_template(source, name)
            return self._grown(name, volume)

    def _image_volume(self, url):
        """The name of the volume that the location of an image names."""
        try:
            place = location.parse(url)
        except location.LocationError:
            return None
        here = (place.host in self._settings.hosts and
                place.port == self._settings.edge_port and
                place.transport == self._settings.edge_protocol)
        return place.name if here else None

    def _fits(self, source, volume):
        """Return true if the volume may be a clone of SOURCE, of whole GiB."""
        if not self._vpool.is_template(source):
            return False
        size = self._vpool.size(source)
        return size <= volume.size * units.Gi and size % units.Gi == 0

    # Attaching

    def ensure_export(self, context, volume):
        """Nothing to do: the location of a volume is enough to open it."""

    def create_export(self, context, volume, connector):
        pass

    def remove_export(self, context, volume):
        pass

    @coordination.synchronized('ovs-{volume.name_id}')
    def initialize_connection(self, volume, connector, **kwargs):
        self._vpool.make_usable(self._name(volume))
        return {
            'driver_volume_type': 'openvstorage_edge',
            'volume_backend_name': self._backend_name(),
            'data': {'device_path': self.local_path(volume),
                     'volume_id': volume.id,
                     'discard': True,
                     'encrypted': luks.is_encrypted(volume),
                     'access_mode': 'rw',
                     'qos_specs': None},
        }

    def terminate_connection(self, volume, connector, **kwargs):
        """End the sessions of the host that had the volume."""
        attachments = objects.VolumeAttachmentList.get_all_by_volume_id(
            cinder_context.get_admin_context(), volume.id)
        address = fencing.peer(connector, attachments)
        if address is not None:
            self._vpool.fence(self._name(volume), address)

    def local_path(self, volume):
        return str(self._location(self._name(volume)))

    # Types, migration, statistics

    def retype(self, context, volume, new_type, diff, host):
        """Agree where only Cinder's own data changes."""
        changes_data = diff and diff.get('encryption') and any(
            before != after for before, after in diff['encryption'].values())
        return host['host'] == volume.host and not changes_data, None

    def update_migrated_volume(self, ctxt, volume, new_volume,
                               original_volume_status):
        """Keep the name: the product cannot rename."""
        return {'_name_id': new_volume.name_id,
                'provider_location': new_volume.provider_location}

    def get_volume_stats(self, refresh=False):
        if refresh or not self._stats:
            self._update_volume_stats()
        return self._stats

    def _update_volume_stats(self):
        # Put in place when it is whole: Cinder publishes the statistics from
        # other threads, while the vPool is being asked.
        self._stats = dict(self._capacity_of_vpool(), **{
            'volume_backend_name': self._backend_name(),
            'vendor_name': self.VENDOR,
            'driver_version': self.VERSION,
            'storage_protocol': 'openvstorage_edge',
            'location_info': 'openvstorage:%s' % self._settings.vpool_guid,
            'reserved_percentage': self._option('reserved_percentage', 0),
            'max_over_subscription_ratio':
                self._option('max_over_subscription_ratio', 20.0),
            'thin_provisioning_support': True,
            'thick_provisioning_support': False,
            'QoS_support': False,
            'sparse_copy_volume': True,
            'filter_function': self.get_filter_function(),
            'goodness_function': self.get_goodness_function(),
        })

    def _capacity_of_vpool(self):
        try:
            capacity = _capacity(self._vpool.info())
            # Deletions that failed have another chance.
            self._vpool.sweep()
            return capacity
        except errors.VPoolError:
            LOG.exception('Cannot read the capacity of the vPool %s; '
                          'reporting it as down', self._backend_name())
            return dict(_capacity(None), backend_state='down')

    # Helpers

    def _option(self, name, default):
        value = self.configuration.safe_get(name)
        return default if value is None else value

    def _backend_name(self):
        return self._option('volume_backend_name', self.__class__.__name__)

    def _name(self, volume):
        """The volume's name on the vPool.

        It is the name that Cinder gives, unless the volume was there before
        Cinder: then the location has it, and provider_id says whose location
        that is. Cinder copies both into records of volumes that it makes of
        another one (cached images, migrations); what such a record names is
        not its own.
        """
        if not self._label_of(volume):
            return volume.name
        try:
            return location.parse(volume.provider_location).name
        except location.LocationError as error:
            raise errors.VPoolError('provider_location of volume %s: %s'
                                    % (volume.id, error))

    def _label_of(self, volume):
        """Return the owner that the volume's label names, or None."""
        owner = volume.provider_id
        return owner if owner in (volume.id, volume._name_id) else None

    def _snapshot_name(self, snapshot):
        return snapshot.provider_location or snapshot.name

    def _location(self, name):
        timeout = self._settings.snapshot_timeout
        return location.Location(
            self._settings.edge_protocol, self._vpool.host,
            self._settings.edge_port, name,
            None if timeout == location.DEFAULT_SNAPSHOT_TIMEOUT else timeout)

    def _model_update(self, name):
        return {'provider_location': str(self._location(name)),
                'provider_id': None}

    def _create_encrypted_volume(self, volume, name):
        with luks.header_file(volume.obj_context, volume,
                              self._qemu_img) as (path, header_size):
            with _undo_on_error(self._vpool.delete, name):
                self._vpool.create(name,
                                   volume.size * units.Gi + header_size)
                self._qemu_img.write_volume(path, 'raw', self._location(name))
                return self._model_update(name)

    def _extend(self, name, size_in_gib):
        """Make the volume larger; a LUKS header stays in front of it."""
        header_size = self._vpool.size(name) % units.Gi
        self._vpool.extend(name, size_in_gib * units.Gi + header_size)


def _urls(image_location):
    """All locations of an image: Glance gives the direct one and a list."""
    direct, others = image_location or (None, None)
    return [url for url in [direct] + [other.get('url') for other
                                       in others or []] if url]


def _capacity(info):
    """Capacity and abilities in the scheduler's words."""
    if info is None:
        # A storagedriver without the question: nothing is known, and
        # nothing is promised.
        return {'total_capacity_gb': 'unknown', 'free_capacity_gb': 'unknown',
                'multiattach': False, 'online_extend_support': True,
                'backend_state': 'up'}
    return {'total_capacity_gb': round(float(info.total) / units.Gi, 2),
            'free_capacity_gb': round(float(info.free) / units.Gi, 2),
            'provisioned_capacity_gb':
                round(float(info.provisioned) / units.Gi, 2),
            'multiattach': info.multiattach,
            'online_extend_support': info.online_extend,
            'backend_state': 'up'}
