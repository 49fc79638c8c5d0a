# shellcheck shell=bash
# A private Kubo: no routing, no providing, no bootstrap peers, no swarm; two loopback ports and nothing else.
# No package registry carries the daemon, so it is built once from a pinned Go module (deploy/dev/kubo).

kubo_module=${BASH_SOURCE[0]%/*}/../kubo
kubo_version=0.43.0
kubo_series=0.43

kubo_fits() {
    local version
    version=$("$1" version --number 2>/dev/null) && [[ $version == "$kubo_series".* ]]
}

# Prints the path of a fitting `ipfs`: the user's own, else the one we built; fails when there is none.
kubo_find() {
    local found
    for found in "$(command -v ipfs || true)" "$(cache_folder)/kubo-v$kubo_version/ipfs"; do
        if [ -x "$found" ] && kubo_fits "$found"; then
            printf '%s' "$found"
            return 0
        fi
    done
    return 1
}

# Prints the path of a fitting `ipfs`, and builds it when there is none. Two at once: the second one waits.
kubo_ensure() {
    local folder
    kubo_find && return 0
    folder=$(cache_folder)/kubo-v$kubo_version
    mkdir -p "$folder"
    (
        lock "$folder/lock" 1800 'another build of Kubo'
        kubo_find >/dev/null || kubo_build "$folder"
    ) >&2 || return 1
    kubo_find
}

kubo_build() {
    local go
    go=$(command -v go || echo /usr/local/go/bin/go)
    [ -x "$go" ] || fail "Kubo $kubo_version has to be built once, and Go is missing: install Go 1.26 (https://go.dev/doc/install)," \
        "or put an ipfs $kubo_series.x on the PATH (https://docs.ipfs.tech/install/command-line/)"
    note "Building Kubo $kubo_version once into $1 (3 to 5 minutes on 2 cores) ..."
    if ! (cd "$kubo_module" && GOWORK=off CGO_ENABLED=0 "$go" build -mod=readonly -trimpath -buildvcs=false \
        -o "$1/ipfs.new" github.com/ipfs/kubo/cmd/ipfs) >"$1/build.log" 2>&1; then
        show_tail "$1/build.log"
        fail "Kubo could not be built with $("$go" version 2>&1 | head -1); it needs Go 1.26.5 or newer and the Go module proxy"
    fi
    kubo_fits "$1/ipfs.new" || fail "the Kubo that was built does not run: $1/ipfs.new"
    mv -f "$1/ipfs.new" "$1/ipfs"
    note "Kubo $kubo_version is ready."
}

kubo_ipfs() { IPFS_PATH=$1/repo IPFS_TELEMETRY=off "$kubo" "${@:2}"; }

kubo_prepare() {
    if ! have jq || ! have curl; then fail 'jq or curl is missing: run deploy/dev/services install'; fi
    kubo=$(kubo_ensure) || fail 'no Kubo'
    [ ! -e "$1/initialised" ] || return 0
    rm -rf "$1/repo"
    kubo_ipfs "$1" init --empty-repo --profile=autoconf-off,announce-off,unixfs-v1-2025 >>"$2" 2>&1 || {
        show_tail "$2"
        fail 'ipfs init failed'
    }
    touch "$1/initialised"
}

kubo_ports() {
    jq --arg api "/ip4/127.0.0.1/tcp/$(port_of "$1" api)" --arg gateway "/ip4/127.0.0.1/tcp/$(port_of "$1" gateway)" '
        .Addresses.API = $api | .Addresses.Gateway = $gateway | .Addresses.Swarm = []
        | .Routing.Type = "none" | .Discovery.MDNS.Enabled = false | .HTTPRetrieval.Enabled = false
        | .AutoTLS.Enabled = false | .Import.FastProvideRoot = false | .Version.SwarmCheckEnabled = false
        | .Gateway.NoFetch = true | .Gateway.NoDNSLink = true | .Gateway.RetrievalTimeout = "10m"
        | .Gateway.MaxRequestDuration = "24h" | .Internal.ShutdownTimeout = "30s"
    ' "$1/repo/config" >"$1/config.new"
    mv "$1/config.new" "$1/repo/config"
}

kubo_run() { IPFS_PATH=$1/repo IPFS_TELEMETRY=off spawn "$1/pid" "$2" "$kubo" daemon --offline; }

kubo_answers() {
    local identity
    identity=$(local_curl --fail --max-time 2 -X POST "http://127.0.0.1:$(port_of "$1" api)/api/v0/config/show" 2>/dev/null |
        jq -r .Identity.PeerID) || return 1
    [ "$identity" = "$(jq -r .Identity.PeerID "$1/repo/config")" ] || return 1
    # bafkqaaa is the empty file; its content is in its name.
    local_curl --fail --max-time 2 -o /dev/null "http://127.0.0.1:$(port_of "$1" gateway)/ipfs/bafkqaaa" 2>/dev/null
}

kubo_env() {
    say "IPFS_API_URL=http://127.0.0.1:$(port_of "$1" api)"
    say "IPFS_GATEWAY_URL=http://127.0.0.1:$(port_of "$1" gateway)"
    say "IPFS_REPO=$1/repo"
    say "KUBO_PID=$(service_pid "$1")"
}

kubo_stop() { terminate "$1/pid" TERM 35; }
