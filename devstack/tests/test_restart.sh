#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# test_restart.sh - stack.sh after a restart of the host without unstack.sh:
# what lay on the disk is there, and its processes are not

# DevStack and the plugin read what is set here
# shellcheck disable=SC1091,SC2034,SC2317

source "$(dirname "${BASH_SOURCE[0]}")/unittest.sh"
CINDER_ENABLED_BACKENDS=openvstorage:one
OPENVSTORAGE_EDGE_CONFIG_FILE=$SANDBOX/etc/edge.conf
OPENVSTORAGE_TLS_DIR=$SANDBOX/etc/tls
load_plugin
set +o errexit
RUN_FOLDER=$OPENVSTORAGE_LIBVIRT_RUN/libvirt
MARK=$RUN_FOLDER/.run-of-host

# in_run_folder COMMAND... - run it as libvirtd and virtlogd are run
function in_run_folder {
    # shellcheck disable=SC2086
    $OPENVSTORAGE_IN_RUN_FOLDER "$@"
}

# leave_a_guest - what libvirtd has on the disk of a guest that runs
function leave_a_guest {
    mkdir -p "$RUN_FOLDER/qemu"
    touch "$RUN_FOLDER/qemu/instance-00000001.xml" "$RUN_FOLDER/libvirt-sock"
}

function test_files_that_are_there {
    local guid
    guid=$(vpool_option one vpool_guid)
    mkdir -p "$(vpool_data one)"
    write_edge_config
    assert_true "the plugin's own pass its checks" eval "(check_openvstorage)"
    assert_equal "$guid" "$(vpool_option one vpool_guid)" \
        "the vPool is the one that it was"
    rm -r "$OPENVSTORAGE_EDGE_CONFIG_FILE"
    assert_true "as does one that is gone" eval "(check_openvstorage)"
}

function test_guests_of_libvirt {
    rm -rf "$OPENVSTORAGE_LIBVIRT_RUN"
    in_run_folder true
    assert_true "a folder that is gone is made" test -d "$RUN_FOLDER"
    leave_a_guest
    in_run_folder true
    assert_true "a restart of the service forgets no guest" \
        test -e "$RUN_FOLDER/qemu/instance-00000001.xml"
    echo "an earlier run of the host" >"$MARK"
    assert_equal "$MARK" "$(in_run_folder find "$RUN_FOLDER" -type f)" \
        "one of the host does, before libvirtd can end who has its number"
    leave_a_guest
    in_run_folder true
    assert_true "once" test -e "$RUN_FOLDER/qemu/instance-00000001.xml"
    rm "$MARK"
    in_run_folder true
    assert_true "and not what may be of this run" \
        test -e "$RUN_FOLDER/qemu/instance-00000001.xml"
    in_run_folder false
    assert_equal 1 $? "the end of the program is the end"
}

function test_services_that_start_at_the_same_time {
    local number
    echo "an earlier run of the host" >"$MARK"
    for number in 1 2 3 4; do
        in_run_folder touch "$RUN_FOLDER/$number" &
    done
    wait
    assert_equal "1 2 3 4" "$(cd "$RUN_FOLDER" && echo [1-4])" \
        "none removes what another one has made"
}

function test_which_programs_run_so {
    (
        function run_root_process { echo "$2"; }
        function await_openvstorage_libvirtd { :; }
        function define_stock_filters { :; }
        function has_own_libvirtd { true; }
        start_openvstorage_libvirtd
    ) >"$SANDBOX/commands"
    assert_equal "$OPENVSTORAGE_IN_RUN_FOLDER $SANDBOX/prefix/sbin/virtlogd
$OPENVSTORAGE_IN_RUN_FOLDER $SANDBOX/prefix/sbin/libvirtd \
--config $OPENVSTORAGE_STATE_DIR/libvirtd.conf" "$(cat "$SANDBOX/commands")" \
        "both; a unit starts them with the host, too"
}

function test_a_socket_without_a_process {
    local python
    python='import signal, socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen()
signal.pause()'
    rm -f "$RUN_FOLDER/virtlogd-sock"
    python3 -c "$python" "$RUN_FOLDER/virtlogd-sock" &
    until has_own_virtlogd; do
        sleep 0.05
    done
    passed "virtlogd is found as soon as it listens"
    kill -KILL $!
    wait $!
    assert_true "its socket stays" test -S "$RUN_FOLDER/virtlogd-sock"
    assert_false "and is not taken for it" has_own_virtlogd
}

# start_again SERVICES BACKENDS - print the instances that a start of libvirtd
# ends, with these services and these back ends of databases
function start_again {
    (
        ENABLED_SERVICES=$1
        DATABASE_BACKENDS=$2
        function run_root_process { :; }
        function await_openvstorage_libvirtd { :; }
        function define_stock_filters { :; }
        function has_own_libvirtd { true; }
        function own_virsh {
            case $1 in
                list) printf '%s\n' instance-00000001 another ;;
                undefine) echo "$2" ;;
            esac
        }
        set -o errexit
        start_openvstorage_libvirtd
    )
}

function test_instances_that_nova_no_longer_knows {
    assert_equal instance-00000001 \
        "$(start_again mysql,n-api,n-cpu ' mysql postgresql')" \
        "their names are given out again"
    assert_equal "" "$(start_again n-cpu ' mysql postgresql')" \
        "on a compute host they are Nova's"
    assert_equal "" "$(start_again n-api,n-cpu '')" "as in a testbed"
}

# prepare - print the services that the phase pre-install stops
function prepare {
    (
        function stop_process { echo "$1"; }
        function are_vpools_served_here { true; }
        function put_prefix_on_service_paths { :; }
        prepare_openvstorage
    )
}

function test_services_that_systemd_has_started {
    assert_equal "c-vol
n-cpu" "$(
        function write_user_unit_file { :; }
        prepare)" "what has the drivers of before is stopped"
    assert_equal "" "$(prepare)" "without systemd nothing runs"
}

# stop_process SERVICE - as in DevStack up to Pike
function stop_process {
    local file=$SERVICE_DIR/stack/$1.pid
    if [[ -r $file ]]; then
        pkill -g "$(cat "$file")"
        rm "$file"
    fi
}

# begin SERVICE COMMAND... - run it in a process group of its own, as DevStack
# does up to Pike; write its number where DevStack has that of the service
function begin {
    mkdir -p "$SERVICE_DIR/stack"
    setsid "${@:2}" &
    disown
    PROCESS=$!
    echo "$PROCESS" >"$SERVICE_DIR/stack/$1.pid"
    until has_ended || [[ $(ps -o pgid= "$PROCESS") -eq $PROCESS ]]; do
        sleep 0.05
    done
}

# has_ended - succeed if what was begun is gone
function has_ended {
    ! kill -0 "$PROCESS" 2>/dev/null
}

# ends - succeed if it goes in 10 s
function ends {
    timeout 10 tail --pid="$PROCESS" -f /dev/null
}

function test_numbers_of_devstack {
    begin ovs-sd sleep 600
    stop_storagedriver
    assert_false "a stranger with the number lives" has_ended
    assert_false "the number is forgotten" \
        test -e "$SERVICE_DIR/stack/ovs-sd.pid"
    kill -KILL "$PROCESS"
    begin ovs-sd bash -c 'sleep 600; :' serve --config "$OPENVSTORAGE_STORAGEDRIVER_CONF"
    stop_storagedriver
    assert_true "the storagedriver ends" ends
    begin ovs-sd true
    ends
    assert_equal "it goes on" "$(
        set -o errexit
        stop_storagedriver
        echo "it goes on")" "a number of no process is no error"
}

function test_unstack_without_stack {
    begin n-cpu sleep 600
    stop_openvstorage
    assert_false "a stranger with the number of nova-compute lives" has_ended
    kill -KILL "$PROCESS"
    # as sg runs it
    begin n-cpu sh -c "sleep 600; : $NOVA_BIN_DIR/nova-compute --config-file x"
    stop_openvstorage
    assert_true "nova-compute ends" ends
}

test_files_that_are_there
test_guests_of_libvirt
test_services_that_start_at_the_same_time
test_which_programs_run_so
test_a_socket_without_a_process
test_instances_that_nova_no_longer_knows
test_services_that_systemd_has_started
test_numbers_of_devstack
test_unstack_without_stack
report_results
