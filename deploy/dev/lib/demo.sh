# shellcheck shell=bash
# The demo's steps: each shows what it does, and ends the demo when something is not as it should be.
# They use what `demo` sets: dir, existed, programs, patients, store_patients, admin, patient, patient_id.
# shellcheck disable=SC2154

facts='.extension["https://fhir-bulk-export.org/extension/file"]'

step() {
    step_number=$((${step_number:-0} + 1))
    printf '\n%s. %s.\n' "$step_number" "$1"
}

# One line of a reply, cut to the terminal; to 120 columns where there is none.
fitted() {
    local columns=120
    if [ -t 1 ]; then columns=$(tput cols 2>/dev/null || echo 80); fi
    printf '   %s\n' "${1:0:$((columns - 4))}"
}

# What runs however the demo ends: ended EXIT_CODE
ended() {
    trap - EXIT
    trap '' INT TERM HUP
    # After Ctrl-C nothing needs an explanation.
    if [ "$1" -ne 0 ] && [ "$1" -ne 130 ]; then app_show_logs "$dir"; fi
    if [ "$existed" = yes ]; then
        say "What ran before is left as it is: make dev tries again, make stop ends it."
        return 0
    fi
    if [ "$1" -ne 0 ]; then say "Stopping everything (exit code $1) ..."; fi
    app_stop_all "$dir"
    deploy/dev/services stop "$dir"
    rm -rf "$dir"
}

show_tables() {
    sql "SELECT '   ' || lpad(count(*)::text, 7) || ' patients' FROM patients UNION ALL
         SELECT '   ' || lpad(count(*)::text, 7) || ' medical records' FROM medical_records UNION ALL
         SELECT '   ' || lpad(count(*)::text, 7) || ' consents' FROM medical_record_consents UNION ALL
         SELECT '   ' || lpad(count(*)::text, 7) || ' history events' FROM medical_history"
    [ "$(sql 'SELECT count(*) FROM patients')" -eq "$patients" ] || fail "there should be $patients patients"
}

all_are_up() {
    ready=$(local_curl --fail "$PUBLIC_BASE_URL/readyz" 2>/dev/null) &&
        jq -e '.postgres == "up" and .redis == "up" and .ipfs == "up"' <<<"$ready" >/dev/null
}

show_readiness() {
    local ready=''
    wait_until 20 all_are_up || fail "not everything is reached: $ready"
    fitted "GET /readyz: $ready"
}

# The operator's page stands on the api's private port; the demo only looks whether it asks for a token.
show_operator_page() {
    local page=http://$API_PRIVATE_LISTEN/operator
    local_curl --fail --location "$page" | grep -q '<h1>Sign in</h1>' || fail "the operator's page is not served"
    say "   The operator's page: $page (for tokens of an ADMIN)"
}

# Exports with the command line, downloads, and checks the files against the manifest: export_as TOKEN NAME
export_as() {
    say "   \$ bulk-export export --out $dir/$2"
    BULK_EXPORT_TOKEN=$1 "$programs/bulk-export" export --timeout 2m --out "$dir/$2"
    "$programs/bulk-export" verify "$dir/$2" >/dev/null
    status_url=$(sql 'SELECT id FROM bulk_export_jobs ORDER BY created_at DESC LIMIT 1')
    status_url="$BULK_EXPORT_URL/\$export-status/$status_url"
    eval "${2}_url=\$status_url"
    say '   Every downloaded file has the size, the SHA-256, the CID and the number of lines that the manifest promises.'
}

# Compares the manifest's counts with the platform's tables: expect_counts NAME CONDITION
expect_counts() {
    local type relation wanted found
    while read -r type relation; do
        wanted=$(sql "SELECT count(*) FROM $relation AS r WHERE $2")
        found=$(jq "[.output[] | select(.type == \"$type\") | .count] | add // 0" "$dir/$1/manifest.json")
        [ "$wanted" -eq "$found" ] || fail "$found resources of type $type were exported, and there are $wanted"
    done <<-'TYPES'
		Patient (SELECT *, id AS patient_id FROM patients)
		DocumentReference medical_records
		Consent medical_record_consents
		Provenance medical_history
	TYPES
    say '   The counts are those of the tables.'
}

# Compares the manifest's counts of the types that come from the resource store with what is current there.
expect_stored() {
    local type wanted found types=0
    while IFS='|' read -r type wanted; do
        found=$(jq "[.output[] | select(.type == \"$type\") | .count] | add // 0" "$dir/$1/manifest.json")
        [ "$wanted" -eq "$found" ] || fail "$found resources of type $type were exported, and the store has $wanted"
        types=$((types + 1))
    done < <(sql "SELECT resource_type, count(*) FROM resource_version
        WHERE valid_to IS NULL AND NOT deleted AND in_patient_compartment
          AND resource_type NOT IN ('Patient', 'DocumentReference', 'Consent', 'Provenance') GROUP BY 1")
    [ "$types" -ge 9 ] || fail "the store has $types more types, and nine or more were expected"
    say "   So are those of $types more types, from the resource store."
}

# Prints type and CID of each file of a manifest.
files_of() { jq -r ".output[] | [.type, ($facts.ipfs | ltrimstr(\"ipfs://\"))] | @tsv" "$dir/$1/manifest.json"; }

show_first_lines() {
    local type cid line
    say '   The first line of each file, fetched from the IPFS node by its CID:'
    while read -r type cid; do
        # head ends the transfer early: that is no failure.
        line=$(local_curl "$IPFS_GATEWAY_URL/ipfs/$cid" 2>/dev/null | head -n 1 || true)
        fitted "$line"
        [ "$(jq -r .resourceType <<<"$line")" = "$type" ] || fail "the file $cid does not begin with a $type"
    done < <(files_of "$1")
}

pins() {
    local_curl --fail -X POST "$IPFS_API_URL/api/v0/pin/ls?type=recursive&names=true&stream=true" | jq -r '[.Cid, .Name] | @tsv'
}

# Prints those pins of the node that hold files of this export.
pins_of() { pins | grep -F -f <(files_of "$1" | cut -f 2) || true; }

show_pins() {
    say '   What the node has pinned (CID, job:part:generation):'
    pins_of "$1" | while IFS= read -r line; do fitted "$line"; done
    [ "$(pins_of "$1" | wc -l)" -eq "$(files_of "$1" | cut -f 2 | sort -u | wc -l)" ] || fail 'a file is not pinned'
}

expect_only_hers() {
    local foreign
    # A Provenance has no patient: its target must be one of her documents.
    foreign=$(cat "$dir"/patient/*.ndjson | jq -s --arg her "Patient/$patient_id" '
        [.[] | select(.resourceType == "DocumentReference") | "DocumentReference/" + .id] as $documents
        | [.[] | select(
            if .resourceType == "Provenance" then any(.target[].reference; IN($documents[]))
            else (.subject // .patient // {reference: ("Patient/" + .id)}).reference == $her end | not)] | length')
    [ "$foreign" -eq 0 ] || fail "the patient was given $foreign resources that are not hers"
    say "   Every resource is hers: Patient/$patient_id."
}

# Asks as the administrator, and prints the status code: answer METHOD URL
answer() {
    local_curl -o /dev/null -w '%{http_code}' -X "$1" -H "Authorization: Bearer $admin" \
        -H 'Accept: application/fhir+json' -H 'Prefer: respond-async' "$2"
}

expect_answer() {
    local code
    code=$(answer "$2" "$3")
    say "   $2 ${3#"$BULK_EXPORT_URL"}: $code"
    [ "$code" = "$1" ] || fail "$1 was expected"
}

cancel_one() {
    local url
    expect_answer 202 GET "$BULK_EXPORT_URL/Patient/\$export"
    url="$BULK_EXPORT_URL/\$export-status/$(sql 'SELECT id FROM bulk_export_jobs ORDER BY created_at DESC LIMIT 1')"
    expect_answer 202 DELETE "$url"
    expect_answer 404 GET "$url"
    [ "$(sql "SELECT status FROM bulk_export_jobs WHERE id = '${url##*/}'")" = cancelled ] || fail 'the job is not cancelled'
}

answers_404() { [ "$(answer GET "$1")" = 404 ]; }

no_pins() { [ -z "$(pins_of "$1")" ]; }

not_on_node() { [ "$(local_curl -o /dev/null -w '%{http_code}' "$IPFS_GATEWAY_URL/ipfs/$1")" = 404 ]; }

no_job() { [ "$(sql "SELECT count(*) FROM bulk_export_jobs WHERE id = '$1'")" -eq 0 ]; }

expect_expiry() {
    local type cid
    say "   Waiting: the node still has $(pins_of "$1" | wc -l) pins of it ..."
    # shellcheck disable=SC2154
    wait_until 60 answers_404 "$everyone_url" || fail 'the export did not expire'
    say '   Its status now answers 404.'
    wait_until 60 no_pins "$1" || fail 'the pins were not released'
    say '   Its pins are gone from the node.'
    while read -r type cid; do
        wait_until 30 not_on_node "$cid" || fail "the node still serves the $type file $cid"
    done < <(files_of "$1")
    say '   The node answers 404 for each of its CIDs: the files are collected.'
    wait_until 30 no_job "${everyone_url##*/}" || fail 'the rows of the expired export were not removed'
    say '   Its rows are removed from the database.'
}

stop_everything() {
    local said
    said=$(app_stop_all "$dir" 2>&1)
    [ -z "$said" ] || fail "$said"
    say '   The api and the workers ended by themselves after SIGTERM.'
    trap - EXIT
    deploy/dev/services stop "$dir"
    rm -rf "$dir"
    say '   PostgreSQL, Redis and Kubo are stopped, and their data are removed.'
}

show_curl_lines() {
    printf 'API=%s\nADMIN=%s\nPATIENT=%s\n' "$BULK_EXPORT_URL" "$admin" "$patient" >"$dir/client"
    cat <<-LINES

	It runs, and stays so until \`make stop\`. Logs: $dir/*.log.

	The operator's page: http://$API_PRIVATE_LISTEN/operator
	Sign in there with this token (ADMIN, for 8 hours):

	    $admin

	For this shell:

	    source $dir/client     # API, and the tokens ADMIN and PATIENT (for 8 hours)

	    # kick off an export; its status URL
	    STATUS=\$(curl -sS -D - -o /dev/null "\$API/Patient/\\\$export" -H "Authorization: Bearer \$ADMIN" \\
	        -H 'Accept: application/fhir+json' -H 'Prefer: respond-async' | tr -d '\\r' | sed -n 's/^content-location: //Ip')

	    # its status: 202 while it runs, 200 with the manifest when it is complete
	    curl -sSi "\$STATUS" -H "Authorization: Bearer \$ADMIN"
	    while curl -sSi "\$STATUS" -H "Authorization: Bearer \$ADMIN" | grep -q '^HTTP.* 202'; do sleep 1; done

	    # the manifest's files, and the first lines of the first one
	    curl -sS "\$STATUS" -H "Authorization: Bearer \$ADMIN" | jq -r '.output[] | [.type, .count, .url] | @tsv'
	    FILE=\$(curl -sS "\$STATUS" -H "Authorization: Bearer \$ADMIN" | jq -r '.output[0].url')
	    curl -s "\$FILE" -H "Authorization: Bearer \$ADMIN" | head -n 2

	    # cancel it, or remove what it has written
	    curl -sSi -X DELETE "\$STATUS" -H "Authorization: Bearer \$ADMIN"

	With PATIENT instead of ADMIN all this is about one patient only. Stop it with: make stop
	LINES
}
