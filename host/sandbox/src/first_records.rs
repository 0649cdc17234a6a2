//! Fills a new cluster with the records that every cluster has.

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::api::auth::Token;
use crate::cluster::Cluster;
use crate::raw_record::new_record;
use crate::store::table::{GROUPS, LINKS, USERS};
use crate::uuid;

/// Adds an active user who belongs to the role of all users, whose members see each other.
pub(crate) fn insert_user(
    connection: &Connection,
    cluster: &Cluster,
    uuid: &str,
    username: &str,
    is_admin: bool,
) -> rusqlite::Result<()> {
    let user = json!({
        "uuid": uuid,
        "email": format!("{username}@sandbox.invalid"),
        "first_name": username,
        "last_name": "",
        "identity_url": "",
        "username": username,
        "is_admin": is_admin,
        "is_active": true,
        "prefs": {},
    });
    let membership = json!({
        "link_class": "permission", "name": "can_write",
        "tail_uuid": uuid, "head_uuid": uuid::all_users_group(&cluster.id),
    });
    let visibility = json!({
        "link_class": "permission", "name": "can_read",
        "tail_uuid": uuid::all_users_group(&cluster.id), "head_uuid": uuid,
    });
    for (table, attributes) in [(&USERS, user), (&LINKS, membership), (&LINKS, visibility)] {
        if let Value::Object(attributes) = attributes {
            new_record(cluster, table, &attributes).insert(connection)?;
        }
    }
    Ok(())
}

/// Fills a new cluster: the system's users and roles, a default user and an administrator.
pub(crate) fn insert(cluster: &Cluster, state: &crate::state::State) -> rusqlite::Result<()> {
    let id = &cluster.id;
    let is_filled = |connection: &Connection| {
        connection.query_row("SELECT EXISTS (SELECT 1 FROM users)", [], |row| row.get(0))
    };
    // Most starts find everything in place and need not wait for a writer.
    if cluster.store.with(|connection| is_filled(connection))? {
        return Ok(());
    }
    cluster.store.write(|connection| {
        if is_filled(connection)? {
            return Ok(());
        }
        let system = json!({
            "uuid": uuid::system_user(id), "email": "root", "first_name": "root", "last_name": "",
            "is_admin": true, "is_active": true, "prefs": {},
        });
        let anonymous = json!({
            "uuid": uuid::anonymous_user(id), "email": "anonymous",
            "first_name": "Anonymous", "last_name": "", "prefs": {},
        });
        let role = json!({
            "uuid": uuid::all_users_group(id), "name": "All users", "group_class": "role",
        });
        // Who gives this role something gives it to everybody, with an account or without.
        let public = json!({
            "uuid": uuid::anonymous_group(id), "name": "Anonymous users", "group_class": "role",
        });
        let everybody = |tail: String| {
            json!({
                "link_class": "permission", "name": "can_read",
                "tail_uuid": tail, "head_uuid": uuid::anonymous_group(id),
            })
        };
        for (table, attributes) in [
            (&USERS, system),
            (&USERS, anonymous),
            (&GROUPS, role),
            (&GROUPS, public),
            (&LINKS, everybody(uuid::all_users_group(id))),
            (&LINKS, everybody(uuid::anonymous_user(id))),
        ] {
            if let Value::Object(attributes) = attributes {
                new_record(cluster, table, &attributes).insert(connection)?;
            }
        }
        for (uuid, name, token, is_admin) in [
            (&state.user_uuid, "sandbox", &state.token, false),
            (&state.admin_uuid, "admin", &state.admin_token, true),
        ] {
            insert_user(connection, cluster, uuid, name, is_admin)?;
            let mut parts = token.split('/').skip(1);
            Token {
                uuid: parts.next().unwrap_or_default().to_owned(),
                secret: parts.next().unwrap_or_default().to_owned(),
                user_uuid: uuid.clone(),
                scopes: vec!["all".to_owned()],
                expires_at: None,
                created_at: None,
            }
            .insert(connection)?;
        }
        Ok(())
    })
}
