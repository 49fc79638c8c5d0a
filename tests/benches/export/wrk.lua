-- The requests of `make bench`, and their figures in one line: times in microseconds.
wrk.headers["Accept"] = "application/fhir+json"
wrk.headers["Prefer"] = "respond-async"
wrk.headers["Authorization"] = "Bearer " .. os.getenv("TOKEN")

function done(summary, latency)
    local errors = summary.errors
    print(string.format("requests errors p50 p99: %d %d %d %d", summary.requests,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout,
        latency:percentile(50), latency:percentile(99)))
end
