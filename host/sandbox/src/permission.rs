//! Works out what a user may read, write and manage.
//!
//! Permission starts at the user and flows along two kinds of edges: from an owner to the projects
//! and users it owns, and along permission links from their tail to their head. It never grows on
//! the way: the weakest edge decides. Only management of another user reaches what that user owns.

use std::collections::{HashMap, HashSet};

use rusqlite::Connection;
use rusqlite::types::Value;

use crate::clock::Micros;
use crate::store::table::Table;
use crate::uuid;

/// What a permission allows, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// See it.
    Read,
    /// Change it.
    Write,
    /// Share it.
    Manage,
}

impl Level {
    /// Reads the name of a permission link.
    pub(crate) fn of_link(name: &str) -> Option<Level> {
        match name {
            "can_read" | "can_login" => Some(Level::Read),
            "can_write" => Some(Level::Write),
            "can_manage" => Some(Level::Manage),
            _ => None,
        }
    }
}

impl Level {
    /// The name of the permission link that gives it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Level::Read => "can_read",
            Level::Write => "can_write",
            Level::Manage => "can_manage",
        }
    }
}

/// The names that a permission link may have.
pub(crate) fn is_permission_name(name: &str) -> bool {
    Level::of_link(name).is_some()
}

/// Everything one user may do.
#[derive(Debug)]
pub(crate) struct Permissions {
    /// The user.
    pub(crate) user_uuid: String,
    /// Whether the user may do everything.
    pub(crate) is_admin: bool,
    /// Whether the user may change anything at all.
    pub(crate) is_active: bool,
    now: Micros,
    levels: HashMap<String, Level>,
    trashed: HashSet<String>,
    frozen: HashSet<String>,
}

/// A piece of a WHERE clause and its parameters.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Condition {
    /// The SQL text with `?` for each parameter.
    pub(crate) sql: String,
    /// The parameters in order.
    pub(crate) parameters: Vec<Value>,
}

impl Condition {
    /// Joins conditions that must all hold.
    pub(crate) fn all(conditions: Vec<Condition>) -> Option<Condition> {
        conditions.into_iter().reduce(|all, next| Condition {
            sql: format!("({}) AND ({})", all.sql, next.sql),
            parameters: all.parameters.into_iter().chain(next.parameters).collect(),
        })
    }
}

impl Permissions {
    /// Works out the permissions of a user at a moment.
    pub(crate) fn load(
        connection: &Connection,
        user_uuid: &str,
        is_admin: bool,
        is_active: bool,
        now: Micros,
    ) -> rusqlite::Result<Permissions> {
        let owned = owned_objects(connection)?;
        let mut permissions = Permissions {
            user_uuid: user_uuid.to_owned(),
            is_admin,
            is_active,
            now,
            levels: HashMap::new(),
            trashed: with_contents(trashed_groups(connection, now)?, &owned),
            frozen: with_contents(frozen_groups(connection)?, &owned),
        };
        if !is_admin {
            permissions.levels = walk(connection, user_uuid, &owned)?;
        }
        Ok(permissions)
    }

    /// The level on an object as such, not counting what its owner gives.
    fn direct(&self, target: &str) -> Option<Level> {
        self.levels.get(target).copied()
    }

    /// The level on everything that an owner owns.
    fn of_owner(&self, owner: &str) -> Option<Level> {
        let level = self.direct(owner)?;
        if uuid::infix(owner) == Some("tpzed") && level < Level::Manage {
            None
        } else {
            Some(level)
        }
    }

    /// Everything that the user reaches; `None` for all there is.
    pub(crate) fn visible(&self) -> Option<Vec<&str>> {
        (!self.is_admin).then(|| self.levels.keys().map(String::as_str).collect())
    }

    /// Says whether a project is frozen, itself or with one that holds it.
    pub(crate) fn is_frozen(&self, group: &str) -> bool {
        self.frozen.contains(group)
    }

    /// Says whether the user has the level on an object with this owner.
    ///
    /// Nobody may write to what is frozen; those who manage it still may share it.
    pub(crate) fn allows(&self, target: &str, owner: &str, wanted: Level) -> bool {
        if wanted == Level::Write && (self.is_frozen(target) || self.is_frozen(owner)) {
            return false;
        }
        self.has(target, owner, wanted)
    }

    /// Says whether the user has the level as far as links and owners give it.
    pub(crate) fn has(&self, target: &str, owner: &str, wanted: Level) -> bool {
        self.is_admin
            || self.of_owner(owner).is_some_and(|level| level >= wanted)
            || self.direct(target).is_some_and(|level| level >= wanted)
    }

    /// Everything that the user reaches as such, in the order of the UUIDs.
    pub(crate) fn all(&self) -> Vec<(&str, Level)> {
        let mut all: Vec<(&str, Level)> = self
            .levels
            .iter()
            .map(|(target, level)| (target.as_str(), *level))
            .collect();
        all.sort_unstable();
        all
    }

    /// Says whether the user may put things into an owner.
    pub(crate) fn allows_in(&self, owner: &str, wanted: Level) -> bool {
        if wanted == Level::Write && self.is_frozen(owner) {
            return false;
        }
        self.is_admin || self.of_owner(owner).is_some_and(|level| level >= wanted)
    }

    /// The condition that leaves what the user can see in a table.
    pub(crate) fn readable(&self, table: &Table, include_trash: bool) -> Condition {
        let mut parts = Vec::new();
        let mut parameters = Vec::new();
        if !self.is_admin {
            let visible = self.visible_in(table);
            parts.push(format!("({})", visible.sql));
            parameters = visible.parameters;
        }
        if include_trash && !self.is_admin && !self.frozen.is_empty() {
            // What was thrown away before a project was frozen is out of sight.
            let thrown_away = self.thrown_away(table);
            let frozen: Vec<&str> = self.frozen.iter().map(String::as_str).collect();
            parts.push(format!(
                "NOT (({}) AND +owner_uuid IN (SELECT value FROM json_each(?)))",
                thrown_away.sql
            ));
            parameters.extend(thrown_away.parameters);
            parameters.push(json_list(&frozen));
        }
        if !include_trash {
            if !self.trashed.is_empty() {
                let trashed: Vec<&str> = self.trashed.iter().map(String::as_str).collect();
                parts.push("+owner_uuid NOT IN (SELECT value FROM json_each(?))".to_owned());
                parameters.push(json_list(&trashed));
                if table.name == "groups" {
                    parts.push("uuid NOT IN (SELECT value FROM json_each(?))".to_owned());
                    parameters.push(json_list(&trashed));
                }
            }
            if table.name == "collections" {
                parts.push("(trash_at IS NULL OR trash_at > ?)".to_owned());
                parameters.push(self.now.into());
            }
        }
        if parts.is_empty() {
            parts.push("1".to_owned());
        }
        Condition {
            sql: parts.join(" AND "),
            parameters,
        }
    }

    /// The condition that leaves what is in the trash, itself or with a group that holds it.
    fn thrown_away(&self, table: &Table) -> Condition {
        let trashed: Vec<&str> = self.trashed.iter().map(String::as_str).collect();
        let mut sql = "+owner_uuid IN (SELECT value FROM json_each(?))".to_owned();
        let mut parameters = vec![json_list(&trashed)];
        if matches!(table.name, "collections" | "groups") {
            sql.push_str(" OR coalesce(trash_at <= ?, 0)");
            parameters.push(self.now.into());
        }
        Condition { sql, parameters }
    }

    /// The condition that leaves what links and owners let the user see in a table.
    fn visible_in(&self, table: &Table) -> Condition {
        let direct: Vec<&str> = self.levels.keys().map(String::as_str).collect();
        if table.name == "logs" {
            // An event is seen by everybody who sees whose it is.
            return Condition {
                sql: "owner_uuid IN (SELECT value FROM json_each(?)) \
                      OR object_uuid IN (SELECT value FROM json_each(?))"
                    .to_owned(),
                parameters: vec![json_list(&direct), json_list(&direct)],
            };
        }
        let owners: Vec<&str> = direct
            .iter()
            .copied()
            .filter(|target| self.of_owner(target).is_some())
            .collect();
        let mut parameters = vec![json_list(&owners), json_list(&direct)];
        // The plus sign keeps SQLite from taking these long lists as its way into the table.
        let mut sql = "+owner_uuid IN (SELECT value FROM json_each(?)) \
                       OR +uuid IN (SELECT value FROM json_each(?))"
            .to_owned();
        match table.name {
            // Roles are there to share with, so everybody finds them.
            "groups" if self.is_active => sql.push_str(" OR group_class = 'role'"),
            "links" => {
                let shared = self.visible_permissions();
                sql.push_str(&format!(" OR ({})", shared.sql));
                parameters.extend(shared.parameters);
            }
            // A container is seen by those who see a request that uses it.
            "containers" => {
                sql =
                    format!("uuid IN (SELECT container_uuid FROM container_requests WHERE {sql})");
            }
            _ => {}
        }
        Condition { sql, parameters }
    }

    /// The condition that leaves the permission links to and from the user, and those on what the
    /// user manages.
    fn visible_permissions(&self) -> Condition {
        let managed: Vec<&str> = self
            .levels
            .iter()
            .filter(|(_, level)| **level >= Level::Manage)
            .map(|(target, _)| target.as_str())
            .collect();
        let user = || Value::Text(self.user_uuid.clone());
        Condition {
            sql: "link_class = 'permission' AND (head_uuid = ? OR tail_uuid = ? \
                  OR head_uuid IN (SELECT value FROM json_each(?)))"
                .to_owned(),
            parameters: vec![user(), user(), json_list(&managed)],
        }
    }
}

/// Writes a list as a parameter for `json_each`.
pub(crate) fn json_list<T: serde::Serialize>(items: &[T]) -> Value {
    serde_json::to_string(items)
        .unwrap_or_else(|_| "[]".to_owned())
        .into()
}

/// The projects and users of each owner.
type Owned = HashMap<String, Vec<String>>;

fn owned_objects(connection: &Connection) -> rusqlite::Result<Owned> {
    let mut owned = Owned::new();
    let mut statement = connection.prepare_cached(
        "SELECT owner_uuid, uuid FROM groups UNION ALL SELECT owner_uuid, uuid FROM users",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        owned.entry(row.get(0)?).or_default().push(row.get(1)?);
    }
    Ok(owned)
}

/// The groups in the trash, without what they hold.
fn trashed_groups(connection: &Connection, now: Micros) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare_cached("SELECT uuid FROM groups WHERE trash_at <= ?1")?
        .query_map([now], |row| row.get(0))?
        .collect()
}

/// The frozen groups, without what they hold.
fn frozen_groups(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare_cached("SELECT uuid FROM groups WHERE frozen_by_uuid <> ''")?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// Adds everything inside some groups to them.
fn with_contents(mut waiting: Vec<String>, owned: &Owned) -> HashSet<String> {
    let mut found = HashSet::new();
    while let Some(group) = waiting.pop() {
        if let Some(inside) = owned.get(&group) {
            waiting.extend(
                inside
                    .iter()
                    .filter(|inner| !found.contains(*inner))
                    .cloned(),
            );
        }
        found.insert(group);
    }
    found
}

/// Follows the edges from a user and returns the best level on everything reached.
fn walk(
    connection: &Connection,
    user_uuid: &str,
    owned: &Owned,
) -> rusqlite::Result<HashMap<String, Level>> {
    let mut links: HashMap<String, Vec<(String, Level)>> = HashMap::new();
    let mut statement = connection.prepare_cached(
        "SELECT tail_uuid, head_uuid, name FROM links WHERE link_class = 'permission' \
         AND tail_uuid IS NOT NULL AND head_uuid IS NOT NULL",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let name: Option<String> = row.get(2)?;
        if let Some(level) = name.as_deref().and_then(Level::of_link) {
            links
                .entry(row.get(0)?)
                .or_default()
                .push((row.get(1)?, level));
        }
    }
    let mut levels = HashMap::from([(user_uuid.to_owned(), Level::Manage)]);
    let mut waiting = vec![user_uuid.to_owned()];
    while let Some(place) = waiting.pop() {
        let level = levels[&place];
        if uuid::infix(&place) == Some("tpzed") && level < Level::Manage {
            continue;
        }
        let owned = owned
            .get(&place)
            .into_iter()
            .flatten()
            .map(|target| (target, Level::Manage));
        let linked = links
            .get(&place)
            .into_iter()
            .flatten()
            .map(|(target, level)| (target, *level));
        for (target, edge) in owned.chain(linked) {
            let reached = level.min(edge);
            if levels.get(target).is_none_or(|known| *known < reached) {
                levels.insert(target.clone(), reached);
                waiting.push(target.clone());
            }
        }
    }
    Ok(levels)
}
