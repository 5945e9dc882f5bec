#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# test_vpools.sh - the options of vPools, and which cannot be right

# DevStack and the plugin read what is set here
# shellcheck disable=SC1091,SC2034

source "$(dirname "${BASH_SOURCE[0]}")/unittest.sh"
load_plugin
set +o errexit

GUID=7968a798-a0ab-4f6a-8f3d-32f785215307
OTHER_GUID=8968a798-a0ab-4f6a-8f3d-32f785215307

# use_remote - settings that are right, of a vPool that is served elsewhere
function use_remote {
    OPENVSTORAGE_STORAGEDRIVER=remote
    CINDER_ENABLED_BACKENDS=lvm:lvmdriver-1,openvstorage:pool-1
    OPENVSTORAGE_VPOOL_pool_1="storage_ip=10.0.0.1,10.0.0.2, edge_port=26303,"
    OPENVSTORAGE_VPOOL_pool_1+="vpool_guid=$GUID"
}

# use_embedded - the defaults, with two vPools
function use_embedded {
    OPENVSTORAGE_STORAGEDRIVER=embedded
    CINDER_ENABLED_BACKENDS=openvstorage:one,openvstorage:two
    unset OPENVSTORAGE_VPOOL_pool_1
}

# check_with VARIABLE=VALUE... - check_vpools with other settings
function check_with {
    local setting
    for setting in "$@"; do
        declare -g "$setting"
    done
    check_vpools
}

function test_options_of_a_remote_vpool {
    use_remote
    assert_equal pool-1 "$(vpool_names)" "other back ends are no vPools"
    assert_equal 10.0.0.1,10.0.0.2 "$(vpool_option pool-1 storage_ip)" \
        "a list of addresses stays together"
    assert_equal 26303 "$(vpool_option pool-1 edge_port)" "a given option"
    assert_equal 26201 "$(vpool_option pool-1 xml_rpc_port)" "a default"
    assert_equal $GUID "$(vpool_option pool-1 vpool_guid)" "the guid"
    assert_equal "" "$(vpool_option pool-1 edge_timeout)" \
        "no default of ours where the driver has one"
    assert_true "right settings pass" check_with
}

function test_options_of_embedded_vpools {
    use_embedded
    assert_equal 127.0.0.1 "$(vpool_option two storage_ip)" \
        "this machine only, unless told otherwise"
    assert_equal 26213 "$(vpool_option two edge_port)" "a port of its own"
    assert_equal 26211 "$(vpool_option two xml_rpc_port)" "this one as well"
    assert_equal "$(vpool_option one vpool_guid)" \
        "$(vpool_option one vpool_guid)" "the guid stays"
    assert_false "each vPool has a guid of its own" \
        test "$(vpool_option one vpool_guid)" = "$(vpool_option two vpool_guid)"
    assert_true "the defaults pass" check_with
}

function test_guids_are_random_and_kept {
    local guid folder=$OPENVSTORAGE_STATE_DIR/guids
    use_embedded
    guid=$(vpool_option one vpool_guid)
    assert_says '^[0-9a-f]{8}-[0-9a-f]{4}-4' "$guid" "a random guid"
    assert_equal 600 "$(stat -c %a "$folder/one")" "its owner's only"
    assert_equal 700 "$(stat -c %a "$folder")" "the folder as well"
    assert_equal "$guid" "$(load_plugin; vpool_option one vpool_guid)" \
        "the same in the next stack.sh"
    rm -r "$folder"
    assert_false "another one where nothing was kept" \
        test "$guid" = "$(vpool_option one vpool_guid)"
    assert_equal "$GUID" "$(OPENVSTORAGE_VPOOL_one=vpool_guid=$GUID
        vpool_option one vpool_guid)" "what local.conf says counts"
    rm -r "$folder"
    guid=$(for _ in 1 2 3 4 5 6 7 8; do
            vpool_option one vpool_guid &
        done | sort -u)
    assert_equal 36 "${#guid}" "one guid for all who ask at once"
}

function test_settings_that_cannot_be_right {
    use_remote
    assert_dies 'no vPool is named' "no vPool" \
        check_with CINDER_ENABLED_BACKENDS=lvm:lvmdriver-1
    assert_dies "'a/b'.*name of a" "a bad name" \
        check_with CINDER_ENABLED_BACKENDS=openvstorage:a/b
    assert_dies 'no storage_ip' "no address" \
        check_with OPENVSTORAGE_VPOOL_pool_1=vpool_guid=$GUID
    assert_dies 'guid of the vPool pool-1' "no guid" \
        check_with OPENVSTORAGE_VPOOL_pool_1=storage_ip=10.0.0.1
    assert_dies 'guid of the vPool pool-1' "a bad guid" \
        check_with OPENVSTORAGE_VPOOL_pool_1=storage_ip=10.0.0.1,vpool_guid=7968
    assert_dies "has 'edgeport=1': the options" "an unknown option" \
        check_with "OPENVSTORAGE_VPOOL_pool_1+=,edgeport=1"
    assert_dies "edge_port of the vPool pool-1 is '0'" "a bad port" \
        check_with "OPENVSTORAGE_VPOOL_pool_1=$OPENVSTORAGE_VPOOL_pool_1,edge_port=0"
    assert_dies 'tcp or rdma' "a bad protocol" \
        check_with OPENVSTORAGE_EDGE_PROTOCOL=udp
    assert_dies 'used twice' "one port for both protocols" \
        check_with "OPENVSTORAGE_VPOOL_pool_1=$OPENVSTORAGE_VPOOL_pool_1,edge_port=26201"
    use_embedded
    assert_dies 'speaks tcp only' "rdma without hardware" \
        check_with OPENVSTORAGE_EDGE_PROTOCOL=rdma
}

function test_two_vpools_that_clash {
    local both
    use_remote
    both=CINDER_ENABLED_BACKENDS=openvstorage:pool-1,openvstorage:b
    assert_dies "$GUID is used twice" "the same guid" check_with "$both" \
        "OPENVSTORAGE_VPOOL_b=storage_ip=10.0.0.3,vpool_guid=$GUID"
    assert_dies '10.0.0.2 port 26201 is used twice' "the same port" \
        check_with "$both" \
        "OPENVSTORAGE_VPOOL_b=storage_ip=10.0.0.2,vpool_guid=$OTHER_GUID"
    assert_dies 'used twice' "the same name" \
        check_with CINDER_ENABLED_BACKENDS=openvstorage:pool-1,openvstorage:pool-1
}

test_options_of_a_remote_vpool
test_options_of_embedded_vpools
test_guids_are_random_and_kept
test_settings_that_cannot_be_right
test_two_vpools_that_clash
report_results
