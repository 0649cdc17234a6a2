//! Describes the tables of the cluster: their columns, types and what a client may do with them.

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    /// Text of at most 255 characters.
    Text,
    /// Text without such a limit.
    LongText,
    /// A JSON object.
    Object,
    /// A JSON array.
    Array,
    /// A moment in microseconds.
    Time,
    /// A whole number.
    Integer,
    /// True or false.
    Boolean,
}

/// One column of a table.
#[derive(Debug)]
pub(crate) struct Column {
    /// Its name, in the database and on the wire.
    pub(crate) name: &'static str,
    /// What it holds.
    pub(crate) kind: Type,
    /// Whether clients see it; the rest serves filters only.
    pub(crate) is_visible: bool,
    /// Whether null stays null on the wire; other text becomes `""` there.
    pub(crate) is_nullable: bool,
}

const fn column(name: &'static str, kind: Type) -> Column {
    Column {
        name,
        kind,
        is_visible: true,
        is_nullable: false,
    }
}

const fn nullable(name: &'static str, kind: Type) -> Column {
    Column {
        name,
        kind,
        is_visible: true,
        is_nullable: true,
    }
}

const fn hidden(name: &'static str, kind: Type) -> Column {
    Column {
        name,
        kind,
        is_visible: false,
        is_nullable: true,
    }
}

/// One table.
#[derive(Debug)]
pub(crate) struct Table {
    /// Its name in the database and in URLs (`links`).
    pub(crate) name: &'static str,
    /// The name of one object in messages (`Link`).
    pub(crate) model: &'static str,
    /// The key that wraps attributes in a request (`link`).
    pub(crate) attribute_key: &'static str,
    /// The kind on the wire (`arvados#link`).
    pub(crate) kind: &'static str,
    /// The middle part of its UUIDs.
    pub(crate) infix: &'static str,
    /// Its columns, `uuid` first.
    pub(crate) columns: &'static [Column],
}

impl Table {
    /// Finds a column.
    pub(crate) fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Finds the place of a column.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// Finds a column that clients may select.
    pub(crate) fn visible_column(&self, name: &str) -> Option<&'static Column> {
        self.column(name).filter(|column| column.is_visible)
    }
}

use Type::{Array, Boolean, Integer, LongText, Object, Text, Time};

/// Links, of which docker images consist.
pub(crate) static LINKS: Table = Table {
    name: "links",
    model: "Link",
    attribute_key: "link",
    kind: "arvados#link",
    infix: "o0j2j",
    columns: &[
        column("uuid", Text),
        column("owner_uuid", Text),
        column("created_at", Time),
        column("modified_by_user_uuid", Text),
        column("modified_at", Time),
        column("tail_uuid", Text),
        column("link_class", Text),
        column("name", Text),
        column("head_uuid", Text),
        column("properties", Object),
        hidden("updated_at", Time),
    ],
};

/// Collections of files.
pub(crate) static COLLECTIONS: Table = Table {
    name: "collections",
    model: "Collection",
    attribute_key: "collection",
    kind: "arvados#collection",
    infix: "4zz18",
    columns: &[
        column("uuid", Text),
        column("owner_uuid", Text),
        column("created_at", Time),
        column("modified_by_user_uuid", Text),
        column("modified_at", Time),
        column("name", Text),
        nullable("description", LongText),
        column("properties", Object),
        column("portable_data_hash", Text),
        column("manifest_text", LongText),
        nullable("replication_desired", Integer),
        nullable("replication_confirmed", Integer),
        column("replication_confirmed_at", Time),
        column("storage_classes_desired", Array),
        column("storage_classes_confirmed", Array),
        column("storage_classes_confirmed_at", Time),
        column("delete_at", Time),
        column("trash_at", Time),
        column("is_trashed", Boolean),
        column("version", Integer),
        column("current_version_uuid", Text),
        column("preserve_version", Boolean),
        column("file_count", Integer),
        column("file_size_total", Integer),
        hidden("file_names", LongText),
        hidden("updated_at", Time),
    ],
};

/// Projects, roles and filters.
pub(crate) static GROUPS: Table = Table {
    name: "groups",
    model: "Group",
    attribute_key: "group",
    kind: "arvados#group",
    infix: "j7d0g",
    columns: &[
        column("uuid", Text),
        column("owner_uuid", Text),
        column("created_at", Time),
        column("modified_by_user_uuid", Text),
        column("modified_at", Time),
        column("name", Text),
        nullable("description", LongText),
        column("group_class", Text),
        column("properties", Object),
        column("trash_at", Time),
        column("delete_at", Time),
        column("is_trashed", Boolean),
        nullable("frozen_by_uuid", Text),
        hidden("updated_at", Time),
    ],
};

/// People and programs.
pub(crate) static USERS: Table = Table {
    name: "users",
    model: "User",
    attribute_key: "user",
    kind: "arvados#user",
    infix: "tpzed",
    columns: &[
        column("uuid", Text),
        column("owner_uuid", Text),
        column("created_at", Time),
        column("modified_by_user_uuid", Text),
        column("modified_at", Time),
        column("email", Text),
        column("first_name", Text),
        column("last_name", Text),
        column("identity_url", Text),
        column("is_admin", Boolean),
        column("is_active", Boolean),
        column("prefs", Object),
        column("username", Text),
        hidden("updated_at", Time),
    ],
};

/// Every table, in the order in which project contents are listed.
pub(crate) static TABLES: [&Table; 4] = [&GROUPS, &COLLECTIONS, &LINKS, &USERS];
