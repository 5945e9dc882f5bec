#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# test_openvstorage.sh - the phases, and what they write

# DevStack and the plugin read what is set here
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034

source "$(dirname "${BASH_SOURCE[0]}")/unittest.sh"
CINDER_ENABLED_BACKENDS=openvstorage:one,openvstorage:two
load_plugin
set +o errexit
OPENSTACK_CALLS=$SANDBOX/openstack

# openstack ARGUMENT... - write down what is asked; the first type is there
function openstack {
    echo "$*" >>"$OPENSTACK_CALLS"
    case "$*" in
        "volume type show "*two) return 1 ;;
        "volume type show "*) printf '%s\n' "${PROPERTIES:-}" ;;
        "volume service list"*)
            printf 'devstack@one up\ndevstack@two %s\n' "${STATE:-up}"
            ;;
        project*) echo project-id ;;
        user*) echo user-id ;;
    esac
}

# release_with MICROVERSION - a Cinder whose API goes up to that
function release_with {
    mkdir -p "$CINDER_DIR/cinder/api/openstack"
    echo "_MAX_API_VERSION = \"$1\"" \
        >"$CINDER_DIR/cinder/api/openstack/api_version_request.py"
}

# iscsi_helper BACKENDS - print the helper that DevStack's default is, or ours
function iscsi_helper {
    (
        CINDER_ENABLED_BACKENDS=$1
        unset CINDER_ISCSI_HELPER
        source "$TOP/devstack/override-defaults"
        echo "${CINDER_ISCSI_HELPER:-tgtadm}"
    )
}

function test_defaults {
    assert_equal "key,c-api,c-vol,n-cpu,ovs-sd,ovs-virtlogd,ovs-libvirtd" \
        "$ENABLED_SERVICES" "our services are services of DevStack"
    assert_equal openvstorage_edge "$TEMPEST_STORAGE_PROTOCOL" "for Tempest"
    assert_equal "key,n-cpu,ovs-virtlogd,ovs-libvirtd" "$(
        ENABLED_SERVICES=key,n-cpu
        source "$TOP/devstack/settings"
        echo $ENABLED_SERVICES)" "a compute host serves no vPool"
    assert_equal tgtadm "$(iscsi_helper lvm:a,openvstorage:b)" \
        "LVM keeps its helper"
    assert_equal lioadm "$(iscsi_helper openvstorage:b)" \
        "without LVM there is no tgt"
    mkdir -p "$SANDBOX/later/lib"
    echo 'CINDER_TARGET_HELPER=${CINDER_TARGET_HELPER:-lioadm}' \
        >"$SANDBOX/later/lib/cinder"
    assert_equal tgtadm "$(TOP_DIR=$SANDBOX/later iscsi_helper openvstorage:b)" \
        "a later DevStack is not given the name that it warns of"
}

function test_each_phase_has_its_function {
    local called
    called=$(
        for name in check_openvstorage prepare_openvstorage install_openvstorage \
                configure_openvstorage init_openvstorage \
                configure_tempest_for_openvstorage unstack_openvstorage \
                clean_openvstorage; do
            eval "function $name { echo called $name; }"
        done
        run_phase stack pre-install
        run_phase stack install
        run_phase stack post-config
        run_phase stack extra
        run_phase stack test-config
        run_phase stack some-phase-to-come
        run_phase unstack
        run_phase clean
    )
    assert_equal "called check_openvstorage
called prepare_openvstorage
called install_openvstorage
called configure_openvstorage
called init_openvstorage
called configure_tempest_for_openvstorage
called unstack_openvstorage
called clean_openvstorage" "$(grep ^called <<<"$called")" "the phases"
}

function test_names_of_old {
    assert_dies 'OVS_STATE_DIR.*hint: its name is OPENVSTORAGE_STATE_DIR now' \
        "a variable" eval 'OVS_STATE_DIR=/srv/vpools; check_variable_names'
    assert_dies 'OPENVSTORAGE_VPOOL_one now' "options of a vPool" \
        eval 'OVS_VPOOL_one=edge_port=1; check_variable_names'
    assert_true "those of Open vSwitch" \
        eval 'OVS_BRIDGE=br-int; check_variable_names'
}

function test_cinder_conf {
    local content
    call_cinder_backends configure
    content=$(cat "$CINDER_CONF")
    call_cinder_backends configure
    assert_equal "$content" "$(cat "$CINDER_CONF")" "a second run is the same"
    assert_equal cinder.volume.drivers.openvstorage_edge.\
OpenvStorageEdgeVolumeDriver "$(iniget "$CINDER_CONF" two volume_driver)" \
        "the driver"
    assert_equal two "$(iniget "$CINDER_CONF" two volume_backend_name)" \
        "the name of the back end is the volume type's"
    assert_equal 26213 "$(iniget "$CINDER_CONF" two edge_port)" "the port"
    assert_equal True "$(iniget "$CINDER_CONF" one \
        image_volume_cache_enabled)" "images are cached"
    assert_equal "" "$(iniget "$CINDER_CONF" one edge_timeout)" \
        "the driver's own defaults stay"
    configure_image_cache_owner
    assert_equal project-id/user-id "$(iniget "$CINDER_CONF" DEFAULT \
        cinder_internal_tenant_project_id)/$(iniget "$CINDER_CONF" DEFAULT \
        cinder_internal_tenant_user_id)" "by that user"
    : >"$OPENSTACK_CALLS"
    configure_image_cache_owner
    assert_equal "" "$(cat "$OPENSTACK_CALLS")" "asked once"
}

function test_volume_types {
    local PROPERTIES
    : >"$OPENSTACK_CALLS"
    init_openvstorage
    assert_equal "volume type set --property volume_backend_name=one one
volume type create --public --property volume_backend_name=two two" \
        "$(grep type "$OPENSTACK_CALLS" | grep -v show)" \
        "made where they are missing"
    # as the client of Newton prints them, and as today's does
    for PROPERTIES in "volume_backend_name='one'" \
        "{'volume_backend_name': 'one'}"; do
        : >"$OPENSTACK_CALLS"
        init_openvstorage
        assert_equal "" "$(grep "type set" "$OPENSTACK_CALLS")" \
            "a type that is right, and may be in use, is left alone"
    done
    # a clock that runs: the wait is bounded
    assert_dies 'the vPool two as up .*down.*log of c-vol' \
        "a back end that stays down is named" \
        eval 'STATE=down; sleep() { SECONDS=$((SECONDS + 60)); }
            init_openvstorage'
}

function test_tempest_conf {
    local content
    ENABLED_SERVICES+=,tempest
    LOGDIR=/logs
    release_with 3.71
    configure_tempest_for_openvstorage
    content=$(cat "$TEMPEST_CONFIG")
    configure_tempest_for_openvstorage
    assert_equal "$content" "$(cat "$TEMPEST_CONFIG")" \
        "a second run is the same"
    assert_equal "Open vStorage" "$(iniget "$TEMPEST_CONFIG" volume \
        vendor_name)" "the vendor"
    assert_equal "backend=one backend=two" "$(grep -o 'backend=[a-z]*' \
        "$TEMPEST_CONFIG" | xargs)" "the vPools, the first one first"
    assert_says "vpool = backend=two edge_port=26213 edge_protocol=tcp \
storage_ip=127.0.0.1 xml_rpc_port=26211 vpool_guid=[0-9a-f-]{36}" \
        "$(grep backend=two "$TEMPEST_CONFIG")" "with all that they have"
    assert_equal True "$(iniget "$TEMPEST_CONFIG" volume-feature-enabled \
        volume_revert)" "master can revert"
    assert_equal "" "$(iniget "$TEMPEST_CONFIG" openvstorage cli_dir)" \
        "no folder for commands that are not there"
    release_with 3.15
    install -m 755 /dev/null "$CINDER_BIN_DIR/cinder"
    install -m 755 /dev/null "$CINDER_BIN_DIR/nova"
    configure_tempest_for_openvstorage
    assert_equal "$CINDER_BIN_DIR" "$(iniget "$TEMPEST_CONFIG" \
        openvstorage cli_dir)" "the folder of the clients' commands"
    assert_equal False "$(iniget "$TEMPEST_CONFIG" volume-feature-enabled \
        volume_revert)" "Newton cannot"
    assert_equal "cinder-volume:/logs/c-vol.log,nova-compute:/logs/n-cpu.log" \
        "$(iniget "$TEMPEST_CONFIG" openvstorage service_logs)" "the logs"
}

test_defaults
test_each_phase_has_its_function
test_cinder_conf
test_volume_types
test_tempest_conf
report_results
