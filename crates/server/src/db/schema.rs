//! The tables of `migrations/`, as Diesel knows them. A test compares this file with a migrated database.

use diesel::{allow_tables_to_appear_in_same_query, joinable, table};

table! {
    use diesel::sql_types::*;
    use crate::db::types::{SqlTime, SqlUuid};

    organizations (id) {
        id -> SqlUuid,
        name -> Text,
        display_name -> Text,
        description -> Text,
        icon -> Text,
        is_default -> Bool,
        created_at -> SqlTime,
        updated_at -> SqlTime,
        deleted_at -> Nullable<SqlTime>,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::types::{SqlTime, SqlUuid};

    users (id) {
        id -> SqlUuid,
        username -> Text,
        email -> Text,
        name -> Text,
        status -> Text,
        login_type -> Text,
        hashed_password -> Nullable<Text>,
        roles -> Text,
        is_system -> Bool,
        last_seen_at -> Nullable<SqlTime>,
        created_at -> SqlTime,
        updated_at -> SqlTime,
        deleted_at -> Nullable<SqlTime>,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::types::{SqlTime, SqlUuid};

    api_keys (id) {
        id -> Text,
        hashed_secret -> Binary,
        user_id -> SqlUuid,
        token_name -> Text,
        login_type -> Text,
        scopes -> Text,
        allow_list -> Text,
        lifetime_seconds -> BigInt,
        ip_address -> Text,
        last_used_at -> Nullable<SqlTime>,
        expires_at -> SqlTime,
        created_at -> SqlTime,
        updated_at -> SqlTime,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::types::{SqlTime, SqlUuid};

    organization_members (user_id, organization_id) {
        user_id -> SqlUuid,
        organization_id -> SqlUuid,
        roles -> Text,
        created_at -> SqlTime,
        updated_at -> SqlTime,
    }
}

table! {
    tag_sets (id) {
        id -> Integer,
        tags -> Text,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::types::{SqlTime, SqlUuid};

    provisioner_keys (id) {
        id -> SqlUuid,
        organization_id -> SqlUuid,
        name -> Text,
        hashed_secret -> Binary,
        tag_set_id -> Integer,
        created_at -> SqlTime,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::types::{SqlTime, SqlUuid};

    provisioner_daemons (id) {
        id -> SqlUuid,
        organization_id -> SqlUuid,
        key_id -> Nullable<SqlUuid>,
        name -> Text,
        owner -> Text,
        provisioners -> Text,
        tag_set_id -> Integer,
        version -> Text,
        api_version -> Text,
        created_at -> SqlTime,
        last_seen_at -> Nullable<SqlTime>,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::types::{SqlTime, SqlUuid};

    provisioner_jobs (seq) {
        seq -> BigInt,
        id -> SqlUuid,
        organization_id -> SqlUuid,
        initiator_id -> SqlUuid,
        file_id -> SqlUuid,
        kind -> SmallInt,
        provisioner -> SmallInt,
        class -> SmallInt,
        tag_set_id -> Integer,
        status -> SmallInt,
        created_at -> SqlTime,
        updated_at -> SqlTime,
        started_at -> Nullable<SqlTime>,
        canceled_at -> Nullable<SqlTime>,
        completed_at -> Nullable<SqlTime>,
        error -> Text,
        error_code -> Text,
        worker_id -> Nullable<SqlUuid>,
        worker_name -> Text,
        attempt -> Integer,
        input -> Text,
        metadata -> Text,
        logs_length -> Integer,
        logs_overflowed -> Bool,
        subject_id -> Nullable<SqlUuid>,
        logs_received -> Integer,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::types::{SqlTime, SqlUuid};

    provisioner_job_logs (id) {
        id -> BigInt,
        job_id -> SqlUuid,
        created_at -> SqlTime,
        source -> Text,
        level -> Text,
        stage -> Text,
        output -> Text,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::types::{SqlTime, SqlUuid};

    idempotency_keys (user_id, key) {
        user_id -> SqlUuid,
        key -> Text,
        request_hash -> Binary,
        status -> SmallInt,
        body -> Binary,
        created_at -> SqlTime,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::types::SqlTime;

    copies (identity) {
        identity -> Text,
        source -> Text,
        began_at -> SqlTime,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::types::{SqlTime, SqlUuid};

    audit_logs (seq) {
        seq -> BigInt,
        id -> SqlUuid,
        at -> SqlTime,
        user_id -> Nullable<SqlUuid>,
        organization_id -> Nullable<SqlUuid>,
        ip -> Text,
        user_agent -> Text,
        request_id -> SqlUuid,
        resource_type -> Text,
        resource_id -> SqlUuid,
        resource_target -> Text,
        action -> Text,
        diff -> Text,
        status_code -> SmallInt,
    }
}

joinable!(organization_members -> users (user_id));
joinable!(api_keys -> users (user_id));
joinable!(provisioner_keys -> tag_sets (tag_set_id));
allow_tables_to_appear_in_same_query!(organizations, users, api_keys, organization_members);
allow_tables_to_appear_in_same_query!(provisioner_keys, tag_sets);
