//! What projects hold, and what is shared with a user.

use rusqlite::Connection;
use serde_json::{Map, Value};

use super::Call;
use super::access::find_readable;
use super::auth::Actor;
use super::contents_rules::{
    CONTENTS, Refusals, check_filters, check_selection, is_order, is_wanted, known, meant_for,
    wants,
};
use super::list::envelope;
use super::list_options::Options;
use super::render::{Renderer, Shape};
use crate::error::ApiError;
use crate::permission::{Condition, Permissions, json_list};
use crate::query::filter::{self, Filter};
use crate::query::page::{self, Request};
use crate::store::record::Record;
use crate::store::table::{CONTAINERS, GROUPS, Table, USERS};
use crate::uuid;

/// Lists the projects, container requests and collections in a project, or everywhere.
pub(crate) fn contents(call: &Call<'_>, uuid: Option<&str>) -> Result<Value, ApiError> {
    let uuid = uuid.or_else(|| call.params.text("uuid"));
    let options = Options::read(call)?;
    call.cluster.store.with(|connection| {
        if let Some(uuid) = uuid.filter(|uuid| uuid::infix(uuid) == Some("j7d0g")) {
            // The controller gets the group first.
            *call.place.borrow_mut() = format!("/arvados/v1/groups/{uuid}");
        } else {
            options.note(call, None, uuid);
        }
        let actor = call.actor(connection)?;
        let permissions = &actor.permissions;
        let parent = match uuid {
            None => None,
            Some(uuid) => Some(Parent::find(call, connection, permissions, uuid)?),
        };
        options.note(call, None, uuid);
        let mut request = options.request(call)?;
        request.order.retain(|item| is_order(item));
        let is_elsewhere = call.params.is("exclude_home_project");
        if is_elsewhere && matches!(parent, Some(Parent::Owners(_))) {
            return Err(ApiError::argument(
                "Cannot use 'exclude_home_project' with a parent object",
            ));
        }
        let mut conditions: Vec<Condition> = Vec::new();
        let mut filters = Vec::new();
        match parent {
            Some(Parent::Owners(owners)) => conditions.push(Condition {
                sql: "owner_uuid IN (SELECT value FROM json_each(?))".to_owned(),
                parameters: vec![json_list(&owners)],
            }),
            Some(Parent::Filter(found)) => filters = found,
            None => {}
        }
        if is_elsewhere {
            conditions.push(not_from_home(permissions));
        }
        list(call, connection, &actor, &request, &filters, &conditions)
    })
}

/// Where contents are looked for.
enum Parent {
    /// What these own.
    Owners(Vec<String>),
    /// What a filter group finds.
    Filter(Vec<Filter>),
}

impl Parent {
    fn find(
        call: &Call<'_>,
        connection: &Connection,
        permissions: &Permissions,
        uuid: &str,
    ) -> Result<Parent, ApiError> {
        let record = match uuid::infix(uuid) {
            Some("j7d0g") => find_readable(connection, &GROUPS, uuid, permissions, false)?,
            // A home is looked into without seeing whose it is.
            Some("tpzed") => {
                Record::find(connection, &USERS, uuid)?.ok_or_else(ApiError::not_found)?
            }
            _ => return Err(ApiError::not_found()),
        };
        if record.text("group_class") == Some("filter") {
            let properties = record.json("properties").unwrap_or_default();
            return filter::parse(&properties["filters"]).map(Parent::Filter);
        }
        let mut owners = vec![uuid.to_owned()];
        if call.params.is("recursive") {
            let mut next = 0;
            while let Some(owner) = owners.get(next) {
                let inside: Vec<String> = connection
                    .prepare_cached(
                        "SELECT uuid FROM groups WHERE owner_uuid = ?1 AND group_class = 'project'",
                    )?
                    .query_map([owner], |row| row.get(0))?
                    .collect::<Result<_, _>>()?;
                owners.extend(inside);
                next += 1;
            }
        }
        Ok(Parent::Owners(owners))
    }
}

/// Leaves out what a user finds from home: what came by a permission stays.
fn not_from_home(permissions: &Permissions) -> Condition {
    let visible = permissions.visible();
    let mut sql = "owner_uuid IN (SELECT users.uuid FROM users WHERE users.uuid <> ?) \
                   OR owner_uuid IN (SELECT groups.uuid FROM groups WHERE group_class <> 'project')"
        .to_owned();
    let mut parameters = vec![permissions.user_uuid.clone().into()];
    if let Some(visible) = visible {
        sql.push_str(" OR owner_uuid NOT IN (SELECT value FROM json_each(?))");
        parameters.push(json_list(&visible));
    }
    Condition { sql, parameters }
}

/// Reads a page that may span several tables.
fn list(
    call: &Call<'_>,
    connection: &Connection,
    actor: &Actor,
    request: &Request,
    further: &[Filter],
    conditions: &[Condition],
) -> Result<Value, ApiError> {
    let renderer = Renderer::new(call, connection, actor);
    let filters: Vec<Filter> = request.filters.iter().chain(further).cloned().collect();
    let mut items = Vec::new();
    let (mut left, mut skip, mut available) = (request.limit, request.offset, 0);
    check_filters(&filters)?;
    check_selection(request, call)?;
    let mut refusals = Refusals::default();
    for table in CONTENTS.into_iter().filter(|table| wants(&filters, table)) {
        let names = request.select.as_ref().map(|names| known(table, names));
        if names.as_ref().is_some_and(Vec::is_empty) {
            return Err(ApiError::argument(
                "Attribute selection list cannot be empty",
            ));
        }
        let mut part = request.clone();
        (part.limit, part.offset, part.is_counted) = (left, skip, true);
        part.filters = filters
            .iter()
            .filter_map(|filter| meant_for(filter, table))
            .collect();
        part.select = names.clone();
        let mut extra = conditions.to_vec();
        if table.name == GROUPS.name {
            extra.push(Condition {
                sql: "group_class IN ('project', 'filter')".to_owned(),
                parameters: Vec::new(),
            });
        }
        let shape = Shape::handed_on(table, names.as_deref());
        let take = |row: &rusqlite::Row<'_>, positions: &[usize]| {
            let record = Record::read(table, positions, row)?;
            let mut item = renderer.shaped(&record, &shape)?;
            // The controller does not sign here.
            item.remove("manifest_text");
            item.remove("unsigned_manifest_text");
            items.push(item);
            Ok(())
        };
        let page = page::read(
            connection,
            table,
            &part,
            &actor.permissions,
            Condition::all(extra),
            take,
        );
        let Some(page) = refusals.note(table, page)? else {
            continue;
        };
        let count = page.items_available.unwrap_or_default();
        available += count;
        skip = (skip - count).max(0);
        left -= page.length;
    }
    refusals.raise()?;
    let included = included(call, &renderer, &items, request.select.as_deref())?;
    let items = items.into_iter().map(Value::from).collect();
    let mut list = envelope(items, "arvados#objectList", request.limit, request.offset);
    list.insert("included".to_owned(), included.into());
    if request.is_counted {
        list.insert("items_available".to_owned(), available.into());
    }
    Ok(list.into())
}

/// Shows what else was asked for: the visible owners of some records, or their containers. What
/// else a client may want to be included is left out without a word.
fn included(
    call: &Call<'_>,
    renderer: &Renderer<'_>,
    items: &[Map<String, Value>],
    names: Option<&[String]>,
) -> Result<Vec<Value>, ApiError> {
    let wanted = |name: &str| is_wanted(call, name);
    let mut shown = Vec::new();
    if wanted("owner_uuid") {
        shown.extend(related(
            renderer,
            items,
            "owner_uuid",
            &[&GROUPS, &USERS],
            names,
        )?);
    }
    if wanted("container_uuid") {
        shown.extend(related(
            renderer,
            items,
            "container_uuid",
            &[&CONTAINERS],
            names,
        )?);
    }
    Ok(shown)
}

/// Shows the visible records of some tables that an attribute of others names.
fn related(
    renderer: &Renderer<'_>,
    items: &[Map<String, Value>],
    attribute: &str,
    tables: &[&'static Table],
    names: Option<&[String]>,
) -> Result<Vec<Value>, ApiError> {
    let mut owners: Vec<&str> = items
        .iter()
        .filter_map(|item| item.get(attribute)?.as_str())
        .collect();
    owners.sort_unstable();
    owners.dedup();
    let mut shown = Vec::new();
    for table in tables.iter().copied() {
        let names = names.map(|names| known(table, names));
        let shape = Shape::handed_on(table, names.as_deref());
        for owner in owners
            .iter()
            .filter(|owner| uuid::infix(owner) == Some(table.infix))
        {
            match find_readable(
                renderer.connection,
                table,
                owner,
                renderer.permissions,
                false,
            ) {
                Ok(record) => shown.push(renderer.shaped(&record, &shape)?.into()),
                Err(ApiError::Service { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(shown)
}

/// Lists the groups that came to a user by a permission and not from home.
pub(crate) fn shared(call: &Call<'_>) -> Result<Value, ApiError> {
    let options = Options::read(call)?;
    options.note(call, None, None);
    call.cluster.store.with(|connection| {
        let actor = call.actor(connection)?;
        let permissions = &actor.permissions;
        let request = options.request(call)?;
        let renderer = Renderer::new(call, connection, &actor);
        let mut items = Vec::new();
        let take = |row: &rusqlite::Row<'_>, positions: &[usize]| {
            let record = Record::read(&GROUPS, positions, row)?;
            items.push(renderer.object(&record, request.select.as_deref())?);
            Ok(())
        };
        let extra = Some(not_from_home(permissions));
        let page = page::read(connection, &GROUPS, &request, permissions, extra, take)?;
        let included = included(call, &renderer, &items, request.select.as_deref())?;
        let items = items.into_iter().map(Value::from).collect();
        let mut list = envelope(items, "arvados#groupList", page.limit, request.offset);
        list.insert("included".to_owned(), included.into());
        if let Some(count) = page.items_available {
            list.insert("items_available".to_owned(), count.into());
        }
        Ok(list.into())
    })
}
