# shellcheck shell=bash
# Installs what is missing, through the system's packages, without starting or enabling any system service.

# Prints the Debian packages that are missing, one a line. Arguments are more packages; but for those named here, each
# carries a program of its name.
missing_packages() {
    local extra
    postgres_programs >/dev/null || echo postgresql
    have psql || echo postgresql-client
    have redis-server && have redis-cli || echo redis-server
    have jq || echo jq
    have curl || echo curl
    have git || echo git
    have make && have cc || echo build-essential
    have pkg-config || echo pkg-config
    have_libpq || echo libpq-dev
    have flock && have setsid && have setpriv || echo util-linux
    [ -e /etc/ssl/certs/ca-certificates.crt ] || echo ca-certificates
    for extra; do
        case $extra in
        chromium-driver) have chromedriver ;;
        *) have "$extra" ;;
        esac || echo "$extra"
    done
}

# Is there a libpq to build against? Without a C compiler nobody can tell, and the package costs little.
have_libpq() {
    have cc && printf '#include <libpq-fe.h>\nint main(void) { return PQlibVersion() == 0; }\n' |
        cc -x c -I/usr/include/postgresql - -lpq -o /dev/null 2>/dev/null
}

install_packages() {
    local missing
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    if ! have apt-get; then
        fail "missing: ${missing[*]} (Debian's names). This system has no apt-get: install them with its own package manager."
    fi
    if [ "$(id -u)" -ne 0 ]; then
        note "Missing packages: ${missing[*]}"
        note 'Run this once, then start again:'
        note "    sudo $(realpath "$0") packages"
        note 'or install them by hand (Debian then starts its own PostgreSQL and Redis; this project does not use them):'
        note "    sudo apt-get update && sudo apt-get install --no-install-recommends ${missing[*]}"
        exit 1
    fi
    note "Installing: ${missing[*]}"
    without_services apt_install "${missing[@]}"
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -eq 0 ] || fail "still missing after the installation: ${missing[*]}"
}

# The package lists may be absent or old: they are fetched only when the installation fails without.
apt_install() {
    local apt=(apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
    export DEBIAN_FRONTEND=noninteractive
    "${apt[@]}" install -y -q --no-install-recommends "$@" </dev/null >&2 && return 0
    note 'Fetching the package lists first ...'
    "${apt[@]}" update -q </dev/null >&2 || return 1
    "${apt[@]}" install -y -q --no-install-recommends "$@" </dev/null >&2
}

# Runs a command while packages may not start services, make a database cluster or enable a unit for the next boot.
without_services() {
    local policy=/usr/sbin/policy-rc.d clusters=/etc/postgresql-common/createcluster.d/fhir-bulk-export.conf
    local made_policy=no had_redis=no result=0
    if have redis-server; then had_redis=yes; fi
    if [ ! -e "$policy" ]; then
        made_policy=yes
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 0755 "$policy"
    fi
    mkdir -p "${clusters%/*}"
    echo 'create_main_cluster = false' >"$clusters"
    "$@" || result=$?
    rm -f "$clusters"
    if [ "$made_policy" = yes ]; then rm -f "$policy"; fi
    if [ "$had_redis" = no ] && have systemctl; then
        systemctl --quiet disable redis-server.service >/dev/null 2>&1 || true
    fi
    return "$result"
}

# The toolchains are the user's choice: they are named, never installed.
check_toolchains() {
    have cargo || fail 'Rust is missing: install it with rustup (https://rustup.rs); the version is in rust-toolchain.toml'
    cargo --version >/dev/null 2>&1 || fail 'the Rust version of rust-toolchain.toml is not there and cannot be fetched' \
        '(RUSTUP_TOOLCHAIN=stable uses the one you have)'
}
