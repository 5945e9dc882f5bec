#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# test_tls.sh - keys, certificates and allow-lists, on this host's own Python

# DevStack and the plugin read what is set here
# shellcheck disable=SC1091,SC2034

source "$(dirname "${BASH_SOURCE[0]}")/unittest.sh"

CINDER_ENABLED_BACKENDS=openvstorage:one,openvstorage:two
OPENVSTORAGE_TLS_DIR=$SANDBOX/etc/tls
OPENVSTORAGE_EDGE_CONFIG_FILE=$SANDBOX/etc/edge.conf
load_plugin
set +o errexit

# sudo COMMAND...
function sudo {
    case $1 in
        # what only root may do
        chown) ;;
        setfacl) echo "$*" >>"$SANDBOX/acl" ;;
        *) "$@" ;;
    esac
}

# check_with VARIABLE=VALUE... - check_tls_settings under other settings
function check_with {
    local setting
    for setting in "$@"; do
        declare -g "$setting"
    done
    check_tls_settings
}

function test_settings {
    assert_true "the defaults pass" check_with
    assert_dies 'set it to off, psk or x509' "an unknown kind" \
        check_with OPENVSTORAGE_TLS=on
    assert_dies 'to True or False' "neither yes nor no" \
        check_with OPENVSTORAGE_INSECURE=perhaps
    assert_dies 'the path of a folder' "a relative folder" \
        check_with OPENVSTORAGE_TLS_DIR=tls
    assert_dies '192.0.2.1, which other hosts reach' "an open port" \
        check_with OPENVSTORAGE_STORAGE_IP=127.0.0.1,192.0.2.1
    assert_true "with TLS it passes" \
        eval '(check_with OPENVSTORAGE_STORAGE_IP=192.0.2.1 OPENVSTORAGE_TLS=psk)'
    assert_true "called insecure it passes" \
        eval '(check_with OPENVSTORAGE_STORAGE_IP=192.0.2.1 OPENVSTORAGE_INSECURE=True)'
    assert_dies 'ca-cert.pem is missing: copy ca-cert.pem client' \
        "a compute host without files" \
        check_with ENABLED_SERVICES=n-cpu OPENVSTORAGE_TLS=x509
    mkdir -p "$SANDBOX/etc"
    echo '[default]' >"$OPENVSTORAGE_EDGE_CONFIG_FILE"
    assert_dies "not the plugin's" "a file of another's" check_with
    configure_tls
    remove_tls
    assert_equal '[default]' "$(cat "$OPENVSTORAGE_EDGE_CONFIG_FILE")" "it stays"
    rm "$OPENVSTORAGE_EDGE_CONFIG_FILE"
    mkdir -p "$OPENVSTORAGE_TLS_DIR"
    touch "$OPENVSTORAGE_TLS_DIR/ca-cert.pem"
    assert_dies 'holds something' "a folder of another's" \
        check_with OPENVSTORAGE_TLS=x509
    remove_tls >/dev/null
    assert_true "it stays" test -e "$OPENVSTORAGE_TLS_DIR/ca-cert.pem"
    rm -r "$OPENVSTORAGE_TLS_DIR"
}

function test_who_may_connect {
    assert_equal 127.0.0.1,192.0.2.7,198.51.100.0/24,203.0.113.9,::1 \
        "$(HOST_IP=192.0.2.7 SERVICE_HOST=192.0.2.7
            OPENVSTORAGE_ALLOW='203.0.113.9, 198.51.100.0/24'
            allowed_addresses)" "this host and those that are named"
    assert_says '(^|,)192.0.2.9(,|$)' "$(OPENVSTORAGE_VPOOL_two=storage_ip=192.0.2.9
        allowed_addresses)" "a vPool's own address"
}

# options_of_cinder - print the options of TLS that a vPool gets
function options_of_cinder {
    vpool_client_options one | grep '^xml_rpc_[^p]' | cut -d = -f 1 | xargs
}

function test_files_and_options {
    local kind file
    assert_equal "" "$(options_of_cinder)" "nothing without TLS"
    for kind in psk x509; do
        OPENVSTORAGE_TLS=$kind
        rm -f "$SANDBOX/acl"
        configure_tls >/dev/null
        for file in $(client_tls_files); do
            assert_true "$kind: clients have $file" \
                cmp "$OPENVSTORAGE_TLS_DIR/$file" "$OPENVSTORAGE_SERVER_TLS_DIR/$file"
        done
        assert_false "$kind: no key of the server or the authority" \
            ls "$OPENVSTORAGE_TLS_DIR"/{server,ca}-key.pem 2>/dev/null
        assert_says "tls = $kind" "$(cat "$OPENVSTORAGE_EDGE_CONFIG_FILE")" \
            "$kind: the client library is told"
        assert_says 'tls_dir = .*tls_verify_client' \
            "$(write_storagedriver_conf
                tr '\n' ' ' <"$OPENVSTORAGE_STORAGEDRIVER_CONF")" \
            "$kind: the storagedriver is told"
    done
    assert_equal 600 "$(stat -c %a "$OPENVSTORAGE_STORAGEDRIVER_CONF")" \
        "its settings have the guid"
    assert_equal 'xml_rpc_tls xml_rpc_ca_file xml_rpc_cert_file
xml_rpc_key_file' "$(options_of_cinder | fold -s -w 50 | sed 's/ *$//')" \
        "Cinder is told"
    for kind in client-key.pem keys.psk; do
        assert_equal 600 "$(stat -c %a "$OPENVSTORAGE_TLS_DIR/$kind")" \
            "$kind is its owner's only"
    done
}

function test_who_may_read_the_keys {
    OPENVSTORAGE_TLS=x509
    mkdir -p "$OPENVSTORAGE_HYPERVISOR_PREFIX/etc/libvirt"
    echo 'user = "guests"' >"$OPENVSTORAGE_HYPERVISOR_PREFIX/etc/libvirt/qemu.conf"
    STACK_USER=stacker
    protect_client_tls_files
    assert_equal "setfacl -m u:stacker:r $OPENVSTORAGE_TLS_DIR/client-key.pem
setfacl -m u:guests:r $OPENVSTORAGE_TLS_DIR/client-key.pem" \
        "$(cat "$SANDBOX/acl")" "Cinder and QEMU"
}

function test_a_second_stack_and_the_end {
    local before
    before=$(cat "$OPENVSTORAGE_SERVER_TLS_DIR"/*.pem | sha256sum)
    configure_tls >/dev/null
    assert_equal "$before" \
        "$(cat "$OPENVSTORAGE_SERVER_TLS_DIR"/*.pem | sha256sum)" "keys are kept"
    assert_true "it may run again" check_tls_settings
    remove_tls
    assert_false "nothing stays" test -e "$SANDBOX/etc"
}

test_settings
test_who_may_connect
test_files_and_options
test_who_may_read_the_keys
test_a_second_stack_and_the_end
report_results
