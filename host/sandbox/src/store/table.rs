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
    /// A JSON object of mounts by path; each is shown with all its attributes.
    Mounts,
    /// A JSON array.
    Array,
    /// A moment in microseconds.
    Time,
    /// A whole number.
    Integer,
    /// A number that need not be whole.
    Real,
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

use Type::{Array, Boolean, Integer, LongText, Mounts, Object, Real, Text, Time};

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

/// Requests to run a container.
pub(crate) static CONTAINER_REQUESTS: Table = Table {
    name: "container_requests",
    model: "ContainerRequest",
    attribute_key: "container_request",
    kind: "arvados#containerRequest",
    infix: "xvhdp",
    columns: &[
        column("uuid", Text),
        column("owner_uuid", Text),
        column("created_at", Time),
        column("modified_by_user_uuid", Text),
        column("modified_at", Time),
        column("command", Array),
        column("container_count", Integer),
        column("container_count_max", Integer),
        column("container_image", Text),
        nullable("container_uuid", Text),
        column("cumulative_cost", Real),
        column("cwd", Text),
        nullable("description", LongText),
        column("environment", Object),
        column("expires_at", Time),
        nullable("filters", LongText),
        nullable("log_uuid", Text),
        column("mounts", Mounts),
        column("name", Text),
        column("output_glob", Array),
        nullable("output_name", Text),
        column("output_path", Text),
        column("output_properties", Object),
        column("output_storage_classes", Array),
        column("output_ttl", Integer),
        nullable("output_uuid", Text),
        column("priority", Integer),
        column("properties", Object),
        column("published_ports", Object),
        nullable("requesting_container_uuid", Text),
        column("runtime_constraints", Object),
        column("runtime_token", Text),
        column("scheduling_parameters", Object),
        column("service", Boolean),
        column("state", Text),
        column("use_existing", Boolean),
        hidden("secret_mounts", Object),
        hidden("updated_at", Time),
    ],
};

/// What runs, or ran, for requests.
pub(crate) static CONTAINERS: Table = Table {
    name: "containers",
    model: "Container",
    attribute_key: "container",
    kind: "arvados#container",
    infix: "dz642",
    columns: &[
        column("uuid", Text),
        column("owner_uuid", Text),
        column("created_at", Time),
        column("modified_by_user_uuid", Text),
        column("modified_at", Time),
        column("command", Array),
        column("container_image", Text),
        column("cwd", Text),
        column("environment", Object),
        column("exit_code", Integer),
        column("finished_at", Time),
        column("locked_by_uuid", Text),
        column("log", Text),
        column("mounts", Object),
        column("output", Text),
        column("output_path", Text),
        column("output_glob", Array),
        column("priority", Integer),
        column("progress", Real),
        column("runtime_constraints", Object),
        column("runtime_status", Object),
        column("started_at", Time),
        column("state", Text),
        column("auth_uuid", Text),
        column("scheduling_parameters", Object),
        column("runtime_user_uuid", Text),
        column("runtime_auth_scopes", Array),
        column("lock_count", Integer),
        column("gateway_address", Text),
        column("interactive_session_started", Boolean),
        column("output_storage_classes", Array),
        column("output_properties", Object),
        column("cost", Real),
        column("subrequests_cost", Real),
        column("service", Boolean),
        column("published_ports", Object),
        hidden("secret_mounts", Object),
        hidden("updated_at", Time),
    ],
};

/// What happened to records.
pub(crate) static LOGS: Table = Table {
    name: "logs",
    model: "Log",
    attribute_key: "log",
    kind: "arvados#log",
    infix: "57u5n",
    columns: &[
        column("uuid", Text),
        column("owner_uuid", Text),
        column("created_at", Time),
        column("modified_by_user_uuid", Text),
        column("modified_at", Time),
        column("id", Integer),
        column("object_uuid", Text),
        column("object_owner_uuid", Text),
        column("event_at", Time),
        column("event_type", Text),
        column("summary", LongText),
        column("properties", Object),
    ],
};

/// Every table that clients ask for by name.
pub(crate) static TABLES: [&Table; 7] = [
    &GROUPS,
    &COLLECTIONS,
    &LINKS,
    &USERS,
    &CONTAINER_REQUESTS,
    &CONTAINERS,
    &LOGS,
];
