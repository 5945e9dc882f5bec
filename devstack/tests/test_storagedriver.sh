#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# test_storagedriver.sh - the embedded storagedriver as a service, with the
# real engine (OVS_EDGE), on this host's own Python

# DevStack and the plugin read what is set here
# shellcheck disable=SC1091,SC2034,SC2317

source "$(dirname "${BASH_SOURCE[0]}")/unittest.sh"

# free_ports COUNT - print free ports
function free_ports {
    python3 -c '
import socket, sys
found = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(listener.getsockname()[1] for listener in found))
' "$1"
}

read -r -a PORTS < <(free_ports 4)
CINDER_ENABLED_BACKENDS=openvstorage:one,openvstorage:two
OPENVSTORAGE_VPOOL_one=edge_port=${PORTS[0]},xml_rpc_port=${PORTS[1]}
OPENVSTORAGE_VPOOL_two=edge_port=${PORTS[2]},xml_rpc_port=${PORTS[3]}
OPENVSTORAGE_TLS_DIR=$SANDBOX/etc/tls
OPENVSTORAGE_EDGE_CONFIG_FILE=$SANDBOX/etc/edge.conf
load_plugin
set +o errexit

# sudo COMMAND...
function sudo {
    "$@"
}

# the other parts of install_openvstorage have tests of their own
function install_openvstorage_hypervisor {
    :
}
function install_openvstorage_drivers {
    :
}

# make_engine - what the hypervisor's builder installs
function make_engine {
    mkdir -p "$SANDBOX/prefix/bin"
    ln -s "$OVS_EDGE" "$SANDBOX/prefix/bin/ovs-edge"
}

# service_process - print the process that has the first vPool
function service_process {
    cat "$(vpool_data one)/lock"
}

function test_checks {
    assert_true "free ports pass" check_storagedriver_endpoints
    assert_dies 'embedded or remote' "an unknown storagedriver" \
        eval 'OPENVSTORAGE_STORAGEDRIVER=local; check_storagedriver_settings'
    assert_dies 'needs Python 3.8' "no Python" \
        eval 'OPENVSTORAGE_STORAGEDRIVER_PYTHON=/bin/false
            check_storagedriver_settings'
    assert_dies "192.0.2.77 port ${PORTS[0]}" \
        "an address of another host" \
        eval 'OPENVSTORAGE_STORAGE_IP=192.0.2.77; check_storagedriver_endpoints'
    assert_says '^/.*/python3' \
        "$(OPENVSTORAGE_STORAGEDRIVER_PYTHON='no-such-python python3'
            storagedriver_python)" "a Python is named by its path"
}

function test_service {
    local process
    start_storagedriver
    process=$(service_process)
    assert_true "it runs" kill -0 "$process"
    assert_true "both vPools answer" vpools_answer
    start_storagedriver
    assert_equal "$process" "$(service_process)" "started once"
    assert_dies "edge_port of the vPool one.*port ${PORTS[0]}: Address" \
        "a port that is taken" check_storagedriver_endpoints
    assert_says 'Fault: .*cluster' \
        "$(OPENVSTORAGE_VPOOL_one+=,vpool_guid=7968a798-a0ab-4f6a-8f3d-32f785215307
            vpool_answers one)" "another guid is refused"
    stop_storagedriver
    assert_false "it has ended on return" kill -0 "$process" 2>/dev/null
    assert_equal "" "$(service_process)" "and left no number behind"
    assert_true "stopping twice" stop_storagedriver
    start_storagedriver
    assert_true "it serves again what it served" vpools_answer
}

function test_another_stack_with_guests {
    local process
    start_storagedriver
    process=$(service_process)
    (prepare_openvstorage)
    assert_equal "$process" "$(service_process)" "it serves on"
    (install_openvstorage)
    assert_false "after the installation another" kill -0 "$process" 2>/dev/null
    assert_true "serves" vpools_answer
    (OPENVSTORAGE_VPOOL_two+=,vpool_guid=7968a798-a0ab-4f6a-8f3d-32f785215307
        prepare_openvstorage)
    assert_equal "" "$(service_process)" "with other settings it is stopped"
    (install_openvstorage)
    assert_equal "" "$(service_process)" "and post-config starts it"
}

function test_a_restart_of_the_host {
    local stranger data sockets
    start_storagedriver
    data=$(vpool_data one)
    sockets=$data/engine.sock\ $data/service.sock
    # shellcheck disable=SC2046
    kill -KILL "$(service_process)" $(pgrep -P "$(service_process)")
    sleep 600 &
    stranger=$!
    disown
    echo $stranger | tee "$data/lock" >"$SERVICE_DIR/ovs-sd.pid"
    assert_equal "$sockets" "$(echo "$data"/*.sock)" "sockets are left"
    (prepare_openvstorage)
    assert_true "a stranger with its number lives" kill -0 $stranger
    start_storagedriver
    assert_true "it serves what it served" vpools_answer
    assert_false "under a number of its own" \
        test "$(service_process)" = $stranger
    kill -KILL $stranger
}

function test_tls {
    local kind
    stop_storagedriver
    for kind in psk x509; do
        OPENVSTORAGE_TLS=$kind
        configure_tls >/dev/null
        start_storagedriver
        assert_true "$kind: the vPools answer by HTTPS" vpools_answer
        assert_false "$kind: and in no other way" \
            eval "(OPENVSTORAGE_TLS=off; vpools_answer)"
        stop_storagedriver
    done
    OPENVSTORAGE_TLS=off
    configure_tls
    start_storagedriver
    assert_true "plain again" vpools_answer
}

function test_a_service_that_was_killed {
    kill -KILL "$(service_process)"
    start_storagedriver
    assert_true "taken over by the next start" vpools_answer
    # what stop_process does not know
    rm -f "$SERVICE_DIR/ovs-sd.pid"
    stop_storagedriver
    assert_false "found by its folder's lock" vpool_answers one
    mv "$OPENVSTORAGE_STATE_DIR/$OPENVSTORAGE_FOLDER_MARK" "$SANDBOX/mark"
    assert_says 'stays: it has no file' "$(remove_vpool_data one)" \
        "in a folder that is not ours alone"
    assert_true "no volume is removed" test -e "$(vpool_data one)/vpool.json"
    mv "$SANDBOX/mark" "$OPENVSTORAGE_STATE_DIR/$OPENVSTORAGE_FOLDER_MARK"
    remove_vpool_data ""
    assert_true "no name is no vPool" test -e "$(vpool_data one)/vpool.json"
    remove_vpool_data one
    assert_false "the volumes are removed" test -e "$(vpool_data one)"
    assert_true "those of the other vPool stay" test -e "$(vpool_data two)"
    uninstall_storagedriver
    assert_false "nothing stays" test -e "$OPENVSTORAGE_STATE_DIR"
}

if [[ -z ${OVS_EDGE:-} ]]; then
    die $LINENO "OVS_EDGE is not set: use bin/test"
fi
make_engine
test_checks
test_service
test_another_stack_with_guests
test_a_restart_of_the_host
test_tls
test_a_service_that_was_killed
report_results
