# shellcheck shell=bash
# Packages of the npm registry that tests read and nothing ships.

# Prints the folder of the packages that HERE/package-lock.json names, and fetches them once if they are not there yet.
# The lock file has their versions and checksums; npm's own settings say from which registry they come:
# npm_packages HERE NAME FILE WHAT   (FILE stands in it once it is complete)
npm_packages() {
    local lockfile folder
    lockfile=$(sha256sum "$1/package-lock.json")
    folder=$(cache_folder)/$2/${lockfile:0:16}
    if [ ! -s "$folder/node_modules/$3" ]; then
        have npm || fail "needs npm, which comes with Node.js, to fetch $4"
        lock "$folder.lock" 600 "another fetch of $4"
    fi
    # Whoever waited for the lock finds them there.
    if [ ! -s "$folder/node_modules/$3" ]; then
        rm -rf "$folder" "$folder.new"
        mkdir -p "$folder.new"
        cp "$1/package.json" "$1/package-lock.json" "$folder.new"
        note "Fetching $4 ..."
        npm ci --prefix "$folder.new" --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null >&2 ||
            fail "npm could not fetch $4; see its message above"
        mv "$folder.new" "$folder"
    fi
    say "$folder/node_modules"
}
