#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# test_delete_volumes.sh - what unstack.sh removes from a remote vPool: a real
# one (OVS_EDGE, OVS_TEST_PYTHON)

# DevStack and the plugin read what is set here
# shellcheck disable=SC1091,SC2034

source "$(dirname "${BASH_SOURCE[0]}")/unittest.sh"

if [[ -z ${OVS_LIVE_VPOOL:-} ]]; then
    PYTHONPATH=$TOP exec "$OVS_TEST_PYTHON" \
        "$TOP/ovs_storagedriver/tests/with-storagedriver" bash "${BASH_SOURCE[0]}"
fi

OURS=7968a798-a0ab-4f6a-8f3d-000000000001
MIGRATED=7968a798-a0ab-4f6a-8f3d-000000000002
DELETED=7968a798-a0ab-4f6a-8f3d-000000000003
STRANGER=7968a798-a0ab-4f6a-8f3d-000000000004

IFS=: read -r HOST _ XML_RPC_PORT GUID <<<"$OVS_LIVE_VPOOL"
CINDER_ENABLED_BACKENDS=openvstorage:one
OPENVSTORAGE_STORAGEDRIVER=remote
OPENVSTORAGE_VPOOL_one=storage_ip=$HOST,xml_rpc_port=$XML_RPC_PORT,vpool_guid=$GUID
load_plugin
set +o errexit
DATABASE=sqlite:///$SANDBOX/cinder.sqlite
iniset "$CINDER_CONF" database connection "$DATABASE"
echo "#!$OVS_TEST_PYTHON" >"$SANDBOX/bin/cinder-volume"

# on_vpool PROGRAM - run Python with "vpool", a client of the vPool
function on_vpool {
    PYTHONPATH=$TOP "$OVS_TEST_PYTHON" -c "
from ovs_drivers import storagedriver
vpool = storagedriver.StorageDriver(['$HOST'], $XML_RPC_PORT, '$GUID')
$1"
}

# make_volumes - volumes of ours and of others, a clone before its source
function make_volumes {
    on_vpool "
source = vpool.create('volume-$OURS', 1 << 30)
vpool.snapshot_create(source, 'clone-volume-$MIGRATED')
vpool.clone('volume-$MIGRATED', source, 'clone-volume-$MIGRATED')
vpool.create('volume-$DELETED', 1 << 30)
vpool.create('cinder-deleted.volume.id.volume-$DELETED', 4096)
vpool.create('volume-$STRANGER', 1 << 30)
vpool.create('cinder-deleted.volume.id.volume-$STRANGER', 4096)
vpool.create('cinder-owner.id.$OURS', 4096)
vpool.create('cinder-owner.id.$STRANGER', 4096)
vpool.create('vm-disk', 1 << 30)"
}

# make_database - a row per volume, also of those that were deleted
function make_database {
    "$OVS_TEST_PYTHON" -c "
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as database:
    database.execute('CREATE TABLE volumes (id, _name_id, deleted)')
    database.executemany('INSERT INTO volumes VALUES (?, ?, ?)', [
        ('$OURS', None, 0), ('other', '$MIGRATED', 0),
        ('$DELETED', None, 1)])" "$SANDBOX/cinder.sqlite"
}

# unstacked - print what a clean-up says, and that unstack.sh goes on after it
function unstacked {
    (
        set -o errexit
        call_cinder_backends cleanup
        echo goes on
    ) 2>&1
}

WARNING='\[WARNING\].*/lib/openvstorage:[0-9]+ vPool one: .*run unstack.sh again'

make_volumes
no_database=$(unstacked)
assert_says "no volumes are deleted: Cinder's database does not answer" \
    "$no_database" "no database, no deletion"
assert_says "does not answer.*$WARNING.*goes on\$" "$no_database" \
    "after the reason, a warning"
make_database
on_vpool "
source = vpool.volume_id('volume-$OURS')
vpool.snapshot_create(source, 'template')
vpool.clone('vm-disk-of-ours', source, 'template')"
assert_says "4 volumes deleted.*cloned stay: volume-$OURS.*$WARNING.*goes on\$" \
    "$(unstacked)" "a volume that others have cloned stays, with a warning"
on_vpool "vpool.unlink('vm-disk-of-ours')"
assert_equal "1 volumes deleted" "$(call_cinder_backends cleanup 2>&1)" \
    "what Cinder knows is deleted"
assert_equal "cinder-deleted.volume.id.volume-$STRANGER \
cinder-owner.id.$STRANGER vm-disk volume-$STRANGER" "$(on_vpool 'print(*sorted(vpool.volume_names()))')" \
    "what others have put there stays"
assert_equal "0 volumes deleted" "$(call_cinder_backends cleanup 2>&1)" \
    "a second time"
trace=$(exec 2>&1; set -o xtrace; call_cinder_backends cleanup)
assert_says 'delete_known_volumes one' "$trace" "stack.sh traces its functions"
assert_equal "" "$(grep "$DATABASE" <<<"$trace")" \
    "but not the address of the database"
assert_says "volumes stay: .*127.0.0.1:1:.*$WARNING.*goes on\$" \
    "$(OPENVSTORAGE_VPOOL_one=${OPENVSTORAGE_VPOOL_one/port=$XML_RPC_PORT/port=1} unstacked)" \
    "a vPool that does not answer"
rm "$CINDER_CONF"
assert_equal "" "$(call_cinder_backends cleanup 2>&1)" "and after clean.sh"
report_results
