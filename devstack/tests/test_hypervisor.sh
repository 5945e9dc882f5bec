#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# test_hypervisor.sh - where QEMU and libvirt come from

# DevStack and the plugin read what is set here
# shellcheck disable=SC1091,SC2034

source "$(dirname "${BASH_SOURCE[0]}")/unittest.sh"
load_plugin
set +o errexit

# check_with VARIABLE=VALUE... - check the settings with others
function check_with {
    local setting
    for setting in "$@"; do
        declare -g "$setting"
    done
    check_openvstorage_hypervisor_settings
}

# sudo COMMAND... - on copies of the machine's folders
function sudo {
    local words=("${@//\/etc\/apt/$SANDBOX/apt}")
    words=("${words[@]//\/roots-own/$SANDBOX/roots-own}")
    "${words[@]//\/usr\/share\/keyrings/$SANDBOX/keyrings}"
}

function test_settings {
    assert_true "the defaults pass" check_with
    assert_dies 'build, repo or none' "an unknown way" \
        check_with OPENVSTORAGE_HYPERVISOR=download
    assert_dies 'needs OPENVSTORAGE_APT_REPO' "a repository without an address" \
        check_with OPENVSTORAGE_HYPERVISOR=repo OPENVSTORAGE_APT_KEY=/key
    assert_dies 'OPENVSTORAGE_APT_KEY' "a repository without a key" \
        check_with OPENVSTORAGE_HYPERVISOR=repo OPENVSTORAGE_APT_REPO='http://a/b ./'
    assert_dies 'http://a/key.*hint:.*OPENVSTORAGE_APT_KEY_FINGERPRINT' \
        "a key that can be replaced on the way" \
        check_with OPENVSTORAGE_HYPERVISOR=repo OPENVSTORAGE_APT_REPO='http://a/b ./' \
        OPENVSTORAGE_APT_KEY=http://a/key
    assert_dies "'12 34'.*40 or 64 hexadecimal" "no fingerprint" \
        check_with OPENVSTORAGE_HYPERVISOR=repo OPENVSTORAGE_APT_REPO='http://a/b ./' \
        OPENVSTORAGE_APT_KEY=http://a/key OPENVSTORAGE_APT_KEY_FINGERPRINT='12 34'
    assert_true "the same with its fingerprint" \
        eval "(check_with OPENVSTORAGE_HYPERVISOR=repo OPENVSTORAGE_APT_REPO='http://a/b ./' \
            OPENVSTORAGE_APT_KEY=http://a/key \
            OPENVSTORAGE_APT_KEY_FINGERPRINT='$(printf '0 %.0s' {1..40})')"
    assert_true "or by https" \
        eval "(check_with OPENVSTORAGE_HYPERVISOR=repo OPENVSTORAGE_APT_REPO='http://a/b ./' \
            OPENVSTORAGE_APT_KEY=https://a/key)"
    assert_dies "OPENVSTORAGE_HYPERVISOR_PREFIX is '/usr'.*hint:" "a prefix of others" \
        check_with OPENVSTORAGE_HYPERVISOR_PREFIX=/usr
    assert_dies 'VIRT_DRIVER=libvirt' "another hypervisor" \
        check_with VIRT_DRIVER=ironic
    assert_true "root may run QEMU if it is told so" \
        check_with OPENVSTORAGE_QEMU_USER=root
    assert_dies "'nobody-at-all', and this host has no such user" \
        "a user that is not there" \
        check_with OPENVSTORAGE_QEMU_USER=nobody-at-all
    OPENVSTORAGE_QEMU_USER=
}

function test_who_runs_qemu {
    local settings=$SANDBOX/prefix/etc/libvirt/qemu.conf
    local packages='user = "openvstorage-qemu"
group = "openvstorage-qemu"'
    mkdir -p "${settings%/*}"
    echo "$packages" >"$settings"
    set_openvstorage_qemu_user
    assert_equal "$packages" "$(cat "$settings")" "the packages' choice stays"
    (OPENVSTORAGE_QEMU_USER=nova set_openvstorage_qemu_user)
    assert_equal 'user = "nova"
group = "nova"' "$(cat "$settings")" "unless another user is named"
    mkdir -p "$SANDBOX/plugin/hypervisor"
    printf '#!/bin/sh\necho "$@"\n' >"$SANDBOX/plugin/hypervisor/build"
    chmod +x "$SANDBOX/plugin/hypervisor/build"
    OPENVSTORAGE_PLUGIN_DIR=$SANDBOX/plugin
    assert_equal "--prefix $SANDBOX/prefix --no-next-steps" \
        "$(build_openvstorage_hypervisor)" \
        "so does the builder's; it starts no libvirtd of its own"
    assert_equal "--prefix $SANDBOX/prefix --no-next-steps --qemu-user nova" \
        "$(OPENVSTORAGE_QEMU_USER=nova build_openvstorage_hypervisor)" \
        "unless another user is named"
    assert_equal "--prefix $SANDBOX/prefix --no-next-steps --sources /a place" \
        "$(OPENVSTORAGE_SOURCES='/a place' build_openvstorage_hypervisor)" \
        "the sources that local.conf names"
    assert_equal "--prefix $SANDBOX/prefix --no-next-steps --offline" \
        "$(OFFLINE=True build_openvstorage_hypervisor)" \
        "no network where DevStack shall use none"
    OPENVSTORAGE_PLUGIN_DIR=$TOP
    rm -rf "$SANDBOX/prefix"
}

function test_repository {
    mkdir -p "$SANDBOX/apt/sources.list.d" "$SANDBOX/apt/preferences.d"
    echo key >"$SANDBOX/key"
    OPENVSTORAGE_APT_KEY=$SANDBOX/key
    OPENVSTORAGE_APT_REPO="deb http://apt.example.org:8080/debian unstable main"
    OPENVSTORAGE_APT_LIST=$SANDBOX/apt/sources.list.d/openvstorage.list
    add_openvstorage_repository
    add_openvstorage_repository
    assert_equal "deb [signed-by=/usr/share/keyrings/openvstorage.gpg] \
http://apt.example.org:8080/debian unstable main" \
        "$(cat "$SANDBOX/apt/sources.list.d/openvstorage.list")" "the list"
    assert_equal 'Package: openvstorage-*
Pin: origin "apt.example.org"
Pin-Priority: 1000' "$(cat "$SANDBOX/apt/preferences.d/openvstorage")" \
        "the pin, of our packages only"
    assert_equal key "$(cat "$SANDBOX/keyrings/openvstorage.gpg")" "the key"
    OPENVSTORAGE_APT_REPO="file:///srv/repository ./"
    add_openvstorage_repository
    assert_says 'Pin: origin ""' \
        "$(cat "$SANDBOX/apt/preferences.d/openvstorage")" \
        "a repository of this machine has no host"
    assert_dies 'cannot be read' "a key that is not there" \
        eval "OPENVSTORAGE_APT_KEY=$SANDBOX/none; add_openvstorage_repository"
    remove_openvstorage_repository
    assert_equal "" "$(find "$SANDBOX/apt" "$SANDBOX/keyrings" -type f)" \
        "nothing stays"
}

# make_keys NAME... - make a key pair for each name; its public part is NAME.asc
function make_keys {
    local home=$SANDBOX/gnupg name
    mkdir -m 700 "$home"
    for name in "$@"; do
        gpg --homedir "$home" --batch --quiet --passphrase '' \
            --quick-generate-key "$name" ed25519 sign never
        gpg --homedir "$home" --armor --export "=$name" >"$SANDBOX/$name.asc"
    done
    gpgconf --homedir "$home" --kill all
}

# fingerprint_of FILE - print a key's fingerprint, in groups as on a card
function fingerprint_of {
    gpg --homedir "$SANDBOX/gnupg" --show-keys "$1" |
        sed -n 's/^ *\([0-9A-F]\{40\}\)$/\1/p' | sed 's/..../& /g'
}

function test_fingerprint {
    make_keys right wrong
    OPENVSTORAGE_APT_REPO="http://apt.example.org/debian ./"
    OPENVSTORAGE_APT_KEY_FINGERPRINT=$(fingerprint_of "$SANDBOX/right.asc")
    mkdir -p "$SANDBOX/apt/sources.list.d" "$SANDBOX/apt/preferences.d"
    assert_says '^([0-9A-F]{4} ){10}$' "$OPENVSTORAGE_APT_KEY_FINGERPRINT" \
        "what gpg says of a key"
    OPENVSTORAGE_APT_KEY=$SANDBOX/right.asc
    add_openvstorage_repository
    assert_true "the key that is meant" test -s \
        "$SANDBOX/keyrings/openvstorage.gpg"
    remove_openvstorage_repository
    assert_dies "the fingerprint '[0-9A-F]{40}', not [0-9A-F]{40}" \
        "another key" eval "OPENVSTORAGE_APT_KEY=$SANDBOX/wrong.asc
            add_openvstorage_repository"
    cat "$SANDBOX"/{right,wrong}.asc >"$SANDBOX/both.asc"
    assert_dies "the fingerprint '[0-9A-F]{40}, [0-9A-F]{40}', not" \
        "another key beside it" eval "OPENVSTORAGE_APT_KEY=$SANDBOX/both.asc
            add_openvstorage_repository"
    assert_dies "the fingerprint '', not" "a file that is no key" \
        eval "OPENVSTORAGE_APT_KEY=$SANDBOX/key; add_openvstorage_repository"
    assert_equal "" "$(find "$SANDBOX/apt" "$SANDBOX/keyrings" -type f)" \
        "then nothing is installed"
    OPENVSTORAGE_APT_KEY_FINGERPRINT=
}

function test_what_is_missing {
    ENABLED_SERVICES=c-vol
    assert_dies 'qemu-img that knows.*OPENVSTORAGE_HYPERVISOR=build' "no qemu-img" \
        check_openvstorage_hypervisor
    mkdir -p "$SANDBOX/prefix/bin"
    printf '#!/bin/sh\necho Supported formats: raw openvstorage\n' \
        >"$SANDBOX/prefix/bin/qemu-img"
    chmod +x "$SANDBOX/prefix/bin/qemu-img"
    assert_dies 'libovsvolumedriver.so.1' "no library" \
        eval 'has_openvstorage_library() { false; }
            check_openvstorage_hypervisor'
    assert_dies 'ovs-edge' "no engine" \
        eval 'has_openvstorage_library() { true; }; PATH=/usr/bin:/bin
            check_openvstorage_hypervisor'
}

function test_whose_libvirtd {
    assert_says "distribution's libvirtd" "$(configure_nova_for_openvstorage)" \
        "the plugin says that the prefix has none"
    mkdir -p "$SANDBOX/prefix/sbin"
    touch "$SANDBOX/prefix/sbin/libvirtd"
    chmod +x "$SANDBOX/prefix/sbin/libvirtd"
    assert_says "libvirtd of $SANDBOX/prefix, by connection_uri" \
        "$(configure_nova_for_openvstorage)" "and that it has one"
    assert_equal "qemu+unix:///system?socket=$SANDBOX/prefix/var/run/libvirt/\
libvirt-sock" "$(iniget "$NOVA_CONF" libvirt connection_uri)" "nova.conf"
}

function test_whose_libvirtd_is_stopped {
    local file=$SANDBOX/prefix/var/run/libvirtd.pid process
    mkdir -p "$SANDBOX/prefix/var/run"
    cp "$(type -P sleep)" "$SANDBOX/prefix/sbin/libvirtd"
    sleep 600 &
    process=$!
    disown
    # what is left when the host goes down
    echo $process >"$file"
    stop_openvstorage_libvirtd
    assert_true "a stranger who has got its number lives" kill -0 $process
    kill -KILL $process
    "$SANDBOX/prefix/sbin/libvirtd" 600 9<"$file" &
    process=$!
    disown
    echo $process >"$file"
    until [[ $(readlink "/proc/$process/exe") == */prefix/sbin/libvirtd ]]; do
        sleep 0.05
    done
    stop_openvstorage_libvirtd
    assert_false "the prefix's own ends" kill -0 $process 2>/dev/null
    rm -r "$SANDBOX/prefix/var"
}

# carry_out FUNCTION - what it does to services
function carry_out {
    (
        # shellcheck disable=SC2317,SC2329
        function run_root_process { echo "start $1"; }
        # shellcheck disable=SC2317,SC2329
        function stop_process { echo "stop $1"; }
        # shellcheck disable=SC2317,SC2329
        function stop_recorded_process { echo "end ${1##*/}"; }
        # shellcheck disable=SC2317,SC2329
        function destroy_openvstorage_guests { echo "end the guests"; }
        # shellcheck disable=SC2317,SC2329
        function await_openvstorage_libvirtd { echo await; }
        # shellcheck disable=SC2317,SC2329
        function define_stock_filters { :; }
        STACK_USER=$(id -un)
        "$1"
    )
}

function test_virtlogd_is_there_before_libvirtd_and_after_it {
    assert_equal "start ovs-virtlogd
start ovs-libvirtd
await" "$(carry_out start_openvstorage_libvirtd)" "the start"
    assert_equal "end the guests
stop ovs-libvirtd
end libvirtd.pid
stop ovs-virtlogd
end virtlogd.pid" "$(carry_out stop_openvstorage_libvirtd)" "the end"
}

function test_nothing_of_libvirt_stays {
    local prefix=$SANDBOX/prefix
    function uninstall_package { :; }
    mkdir -p "$prefix/sbin" "$prefix/etc/libvirt/nwfilter" \
        "$prefix/etc/libvirt/qemu/networks" "$prefix/var/run/libvirt/qemu" \
        "$prefix/var/log/libvirt/qemu" "$prefix/var/lib/libvirt/images"
    touch "$prefix/var/log/libvirt/qemu/instance-00000001.log" \
        "$prefix/etc/libvirt/qemu/mine.xml"
    OPENVSTORAGE_HYPERVISOR=repo
    touch "$prefix/var/$OPENVSTORAGE_FOLDER_MARK"
    uninstall_openvstorage_hypervisor
    assert_true "where libvirtd is, its state stays" \
        test -d "$prefix/var/log/libvirt"
    rm -rf "${prefix:?}/sbin" "${prefix:?}/bin"
    uninstall_openvstorage_hypervisor
    assert_true "as does what another tool has defined" \
        test -f "$prefix/etc/libvirt/qemu/mine.xml"
    rm "$prefix/etc/libvirt/qemu/mine.xml" "$prefix/var/$OPENVSTORAGE_FOLDER_MARK"
    uninstall_openvstorage_hypervisor
    assert_true "and all that is in a folder that another tool has made" \
        test -d "$prefix/var/log/libvirt"
    touch "$prefix/var/$OPENVSTORAGE_FOLDER_MARK" "$prefix/etc/libvirt/qemu.conf" \
        "$prefix/var/lib/libvirt/images/disk"
    uninstall_openvstorage_hypervisor
    assert_equal "$prefix/var/lib/libvirt/images/disk" \
        "$(find "$prefix/var" -type f)" "an image stays"
    rm -r "$prefix/var/lib"
    uninstall_openvstorage_hypervisor
    assert_equal "$prefix/etc/libvirt/qemu.conf" "$(find "$prefix" -type f)" \
        "settings that were changed stay"
    rm "$prefix/etc/libvirt/qemu.conf"
    uninstall_openvstorage_hypervisor
    assert_false "else nothing" test -e "$prefix"
    assert_true "twice is no error" uninstall_openvstorage_hypervisor
}

# define_filters KNOWN... - what a virsh that knows these filters is told to do
function define_filters {
    (
        KNOWN=("$@")
        # shellcheck disable=SC2317,SC2329
        function own_virsh {
            if [[ $1 == nwfilter-list ]]; then
                printf ' %s\n' 'UUID   Name' "${KNOWN[@]/#/0d9e  }"
            else
                echo "<$*>"
            fi
        }
        set -o errexit
        define_stock_filters
        echo "no error"
    )
}

function test_stock_filters {
    # seen by root alone: there is no such folder but for sudo
    OPENVSTORAGE_STOCK_FILTERS=/roots-own/nwfilter
    assert_equal "no error" "$(define_filters)" \
        "the distribution has no filters"
    mkdir -p "$SANDBOX/roots-own/nwfilter"
    touch "$SANDBOX/roots-own/nwfilter"/{clean-traffic,nova-base}.xml \
        "$SANDBOX/roots-own/nwfilter/no-arp-spoofing.xml"
    assert_equal "<nwfilter-define $OPENVSTORAGE_STOCK_FILTERS/clean-traffic.xml;\
nwfilter-define $OPENVSTORAGE_STOCK_FILTERS/no-arp-spoofing.xml;>
no error" "$(define_filters)" "its filters, but not those of Nova"
    assert_equal "<nwfilter-define $OPENVSTORAGE_STOCK_FILTERS/no-arp-spoofing.xml;>
no error" "$(define_filters clean-traffic no-arp)" "nor what is there"
    assert_equal "no error" "$(define_filters clean-traffic no-arp-spoofing)" \
        "a second time there is nothing to do"
}

test_settings
test_who_runs_qemu
test_repository
test_fingerprint
test_what_is_missing
test_whose_libvirtd
test_whose_libvirtd_is_stopped
test_virtlogd_is_there_before_libvirtd_and_after_it
test_nothing_of_libvirt_stays
test_stock_filters
report_results
