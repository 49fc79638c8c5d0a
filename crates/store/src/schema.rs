//! Our own tables, as `migrations/` makes them. A test compares this with the database's catalogue.

diesel::table! {
    bulk_export_jobs (id) {
        id -> Uuid,
        requester_id -> Text,
        requester_role -> Text,
        resource_types -> Array<Text>,
        status -> Text,
        progress -> Integer,
        total_resources -> Nullable<BigInt>,
        output_files -> Nullable<Jsonb>,
        error -> Nullable<Text>,
        expires_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        level -> Text,
        request_url -> Text,
        subject_patient -> Nullable<Text>,
        since -> Nullable<Timestamptz>,
        transaction_time -> Timestamptz,
        turn_at -> Timestamptz,
        released_at -> Nullable<Timestamptz>,
        file_rows -> Nullable<BigInt>,
        trace_parent -> Nullable<Text>,
        ended_at -> Nullable<Timestamptz>,
        expired_at -> Nullable<Timestamptz>,
        discard -> Bool,
    }
}

diesel::table! {
    bulk_export_parts (job_id, ordinal) {
        job_id -> Uuid,
        ordinal -> Integer,
        kind -> Text,
        resource_type -> Nullable<Text>,
        key_from -> Nullable<Text>,
        key_to -> Nullable<Text>,
        state -> Text,
        generation -> Integer,
        worker -> Nullable<Text>,
        lease_until -> Nullable<Timestamptz>,
        attempts -> Integer,
        handed_back -> Integer,
        next_at -> Timestamptz,
        rows -> BigInt,
        bytes -> BigInt,
        error -> Nullable<Text>,
        started_at -> Nullable<Timestamptz>,
        ended_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    bulk_export_files (id) {
        id -> Uuid,
        job_id -> Uuid,
        ordinal -> Integer,
        number -> Integer,
        kind -> Text,
        resource_type -> Text,
        rows -> BigInt,
        stored_bytes -> BigInt,
        coding -> Text,
        decoded_bytes -> BigInt,
        sha256 -> Text,
        cid -> Text,
        key_id -> Nullable<Text>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    bulk_export_issues (id) {
        id -> BigInt,
        job_id -> Uuid,
        ordinal -> Integer,
        generation -> Integer,
        outcome -> Text,
    }
}

diesel::table! {
    bulk_export_audit (id) {
        id -> BigInt,
        at -> Timestamptz,
        action -> Text,
        outcome -> Text,
        job_id -> Nullable<Uuid>,
        requester_id -> Nullable<Text>,
        patient_id -> Nullable<Text>,
        detail -> Nullable<Text>,
    }
}

diesel::table! {
    bulk_export_node (one) {
        one -> Bool,
        garbage -> BigInt,
        collected_at -> Nullable<Timestamptz>,
        repo_bytes -> Nullable<BigInt>,
        capacity_bytes -> Nullable<BigInt>,
        private -> Nullable<Bool>,
        measured_at -> Nullable<Timestamptz>,
        pins -> Nullable<BigInt>,
        unowned_pins -> Nullable<BigInt>,
        swept_at -> Nullable<Timestamptz>,
        swept_files -> Nullable<BigInt>,
        swept_jobs -> Nullable<BigInt>,
        swept_orphans -> Nullable<BigInt>,
        swept_failed -> Nullable<BigInt>,
        swept_ms -> Nullable<BigInt>,
    }
}

diesel::table! {
    bulk_export_service (one) {
        one -> Bool,
        paused_at -> Nullable<Timestamptz>,
        paused_by -> Nullable<Text>,
        pause_reason -> Nullable<Text>,
        sweep_wanted_at -> Nullable<Timestamptz>,
        sweep_lease_until -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    bulk_export_workers (name) {
        name -> Text,
        version -> Text,
        slots -> Integer,
        running -> Integer,
        claiming -> Bool,
        note -> Nullable<Text>,
        started_at -> Timestamptz,
        seen_at -> Timestamptz,
    }
}

diesel::table! {
    bulk_export_webhooks (id) {
        id -> Uuid,
        requester_id -> Text,
        url -> Text,
        events -> Array<Text>,
        secrets -> Array<Text>,
        created_at -> Timestamptz,
        disabled_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    bulk_export_deliveries (id) {
        id -> Uuid,
        webhook_id -> Uuid,
        job_id -> Uuid,
        event -> Text,
        payload -> Text,
        state -> Text,
        attempts -> Integer,
        next_at -> Timestamptz,
        lease_until -> Nullable<Timestamptz>,
        last_status -> Nullable<Integer>,
        last_error -> Nullable<Text>,
        created_at -> Timestamptz,
        delivered_at -> Nullable<Timestamptz>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    bulk_export_jobs,
    bulk_export_parts,
    bulk_export_files,
    bulk_export_issues
);
