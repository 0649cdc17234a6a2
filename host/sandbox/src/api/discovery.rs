//! The discovery document, from which clients learn the API.
//!
//! It names what the sandbox offers and nothing more, with the names, paths and parameters of the
//! real one. It carries no permission to cache: the next sandbox may have the same address.

use serde_json::{Map, Value, json};

use crate::clock;
use crate::cluster::Cluster;
use crate::store::table::{COLLECTIONS, GROUPS, LINKS, Table, Type, USERS};

/// The revision of the API that the sandbox follows; clients compare it as text.
const REVISION: &str = "20250402";

/// Writes the document.
pub(crate) fn document(cluster: &Cluster) -> Value {
    let settings = &cluster.settings;
    let root = format!("https://{}/", cluster.api_host());
    let generated = clock::format(cluster.started_at);
    json!({
        "kind": "discovery#restDescription",
        "discoveryVersion": "v1",
        "id": "arvados:v1",
        "name": "arvados",
        "version": "v1",
        "revision": REVISION,
        "source_version": env!("CARGO_PKG_VERSION"),
        "sourceVersion": env!("CARGO_PKG_VERSION"),
        "packageVersion": env!("CARGO_PKG_VERSION"),
        "generatedAt": format!("{}Z", generated.get(..19).unwrap_or_default()),
        "title": "Arvados API",
        "description": "The part of the Arvados API that a keepdocker sandbox offers.",
        "documentationLink": "http://doc.arvados.org/api/index.html",
        "defaultCollectionReplication": settings.default_replication,
        "protocol": "rest",
        "baseUrl": format!("{root}arvados/v1/"),
        "basePath": "/arvados/v1/",
        "rootUrl": root,
        "servicePath": "arvados/v1/",
        "batchPath": "batch",
        "uuidPrefix": cluster.id,
        "defaultTrashLifetime": settings.trash_lifetime / clock::SECOND,
        "blobSignatureTtl": cluster.signer.ttl(),
        "maxRequestSize": settings.max_request_size,
        "maxItemsPerResponse": settings.max_items_per_response,
        "dockerImageFormats": settings.docker_image_formats,
        "crunchLogUpdatePeriod": 1800,
        "crunchLogUpdateSize": 33_554_432,
        "remoteHosts": {},
        "remoteHostsViaDNS": false,
        "websocketUrl": "",
        "workbenchUrl": "",
        "workbench2Url": "",
        "keepWebServiceUrl": "",
        "parameters": {
            "alt": {
                "type": "string",
                "description": "Format of the answer.",
                "default": "json",
                "enum": ["json"],
                "enumDescriptions": ["Responses with Content-Type of application/json"],
                "location": "query",
            },
            "fields": {"type": "string", "description": "Not used.", "location": "query"},
            "key": {"type": "string", "description": "Not used.", "location": "query"},
            "oauth_token": {"type": "string", "description": "A token.", "location": "query"},
        },
        "auth": {"oauth2": {"scopes": {
            SCOPES[0]: {"description": "View and manage objects"},
            SCOPES[1]: {"description": "View objects"},
        }}},
        "schemas": schemas(),
        "resources": resources(),
    })
}

/// The scopes that every method names.
const SCOPES: [&str; 2] = [
    "https://api.arvados.org/auth/arvados",
    "https://api.arvados.org/auth/arvados.readonly",
];

/// The tables that clients see.
const TABLES: [&Table; 4] = [&COLLECTIONS, &GROUPS, &LINKS, &USERS];

fn schemas() -> Value {
    let mut schemas = Map::new();
    for table in TABLES {
        let mut properties = Map::new();
        properties.insert("etag".to_owned(), json!({"type": "string"}));
        for column in table.columns.iter().filter(|column| column.is_visible) {
            let kind = match column.kind {
                _ if column.name == "description" => "string",
                Type::Text => "string",
                Type::LongText => "text",
                Type::Object | Type::Mounts => "Hash",
                Type::Real => "float",
                Type::Array => "Array",
                Type::Time => "datetime",
                Type::Integer => "integer",
                Type::Boolean => "boolean",
            };
            properties.insert(column.name.to_owned(), json!({ "type": kind }));
        }
        add_schema(
            &mut schemas,
            table.model,
            table.kind,
            table.infix,
            properties,
        );
    }
    let service = [
        ("uuid", "string"),
        ("service_host", "string"),
        ("service_port", "integer"),
        ("service_ssl_flag", "boolean"),
        ("service_type", "string"),
    ];
    let service = service.map(|(name, kind)| (name.to_owned(), json!({ "type": kind })));
    add_schema(
        &mut schemas,
        "KeepService",
        "arvados#keepService",
        "bi6l4",
        Map::from_iter(service),
    );
    let token = ["uuid", "api_token"].map(|name| (name.to_owned(), json!({"type": "string"})));
    add_schema(
        &mut schemas,
        "ApiClientAuthorization",
        "arvados#apiClientAuthorization",
        "gj3su",
        Map::from_iter(token),
    );
    schemas.into()
}

/// Adds the schema of one object and of a list of such.
fn add_schema(
    schemas: &mut Map<String, Value>,
    model: &str,
    kind: &str,
    infix: &str,
    properties: Map<String, Value>,
) {
    let list = format!("{model}List");
    schemas.insert(
        list.clone(),
        json!({
            "id": list,
            "type": "object",
            "properties": {
                "kind": {"type": "string", "default": format!("{kind}List")},
                "etag": {"type": "string"},
                "items": {"type": "array", "items": {"$ref": model}},
            },
        }),
    );
    schemas.insert(
        model.to_owned(),
        json!({"id": model, "type": "object", "uuidPrefix": infix, "properties": properties}),
    );
}

fn resources() -> Value {
    let mut resources = Map::new();
    for table in TABLES {
        let mut methods = Methods::new(table.name, table.model);
        methods.add("get", "GET", "/{uuid}", &[UUID, SELECT], table);
        methods.add("list", "GET", "", LIST, table);
        if table.name != "users" {
            methods.add("create", "POST", "", &[SELECT, UNIQUE, CLUSTER], table);
            methods.add("update", "PUT", "/{uuid}", &[UUID, SELECT], table);
            methods.add("delete", "DELETE", "/{uuid}", &[UUID], table);
        } else {
            methods.add("current", "GET", "/current", &[], table);
        }
        match table.name {
            "collections" => {
                methods.extend("get", &[TRASH]);
                methods.extend("list", &[TRASH, OLD_VERSIONS]);
            }
            "groups" => {
                methods.extend("get", &[TRASH]);
                methods.extend("list", &[TRASH]);
                methods.add("contents", "GET", "/contents", LIST, table);
                methods.extend("contents", &[("uuid", "string", "query", ""), TRASH]);
            }
            _ => {}
        }
        if matches!(table.name, "collections" | "groups") {
            methods.add("trash", "POST", "/{uuid}/trash", &[UUID], table);
            methods.add("untrash", "POST", "/{uuid}/untrash", &[UUID], table);
        }
        resources.insert(table.name.to_owned(), json!({"methods": methods.methods}));
    }
    for (name, model, method, path) in [
        ("keep_services", "KeepService", "list", ""),
        ("keep_services", "KeepService", "accessible", "/accessible"),
        (
            "api_client_authorizations",
            "ApiClientAuthorization",
            "current",
            "/current",
        ),
    ] {
        let mut methods = Methods::new(name, model);
        methods.insert(
            method,
            "GET",
            path,
            &[],
            &format!("{model}{}", if method == "list" { "List" } else { "" }),
        );
        let entry = resources
            .entry(name.to_owned())
            .or_insert(json!({"methods": {}}));
        if let Some(Value::Object(known)) = entry.get_mut("methods") {
            known.extend(methods.methods);
        }
    }
    for (name, path) in [("configs", "config"), ("vocabularies", "vocabulary")] {
        resources.insert(
            name.to_owned(),
            json!({"methods": {"get": {
                "id": format!("arvados.{name}.get"),
                "path": path,
                "httpMethod": "GET",
                "parameters": {},
                "parameterOrder": [],
                "response": {},
                "scopes": SCOPES,
            }}}),
        );
    }
    resources.into()
}

/// A parameter: name, type, place and default.
type Parameter = (&'static str, &'static str, &'static str, &'static str);

const UUID: Parameter = ("uuid", "string", "path", "");
const SELECT: Parameter = ("select", "array", "query", "");
const UNIQUE: Parameter = ("ensure_unique_name", "boolean", "query", "false");
const CLUSTER: Parameter = ("cluster_id", "string", "query", "");
const TRASH: Parameter = ("include_trash", "boolean", "query", "false");
const OLD_VERSIONS: Parameter = ("include_old_versions", "boolean", "query", "false");
const LIST: &[Parameter] = &[
    ("filters", "array", "query", ""),
    ("order", "array", "query", ""),
    SELECT,
    ("distinct", "boolean", "query", "false"),
    ("limit", "integer", "query", "100"),
    ("offset", "integer", "query", "0"),
    ("count", "string", "query", "exact"),
    CLUSTER,
    ("bypass_federation", "boolean", "query", "false"),
];

/// The methods of one resource.
struct Methods {
    resource: &'static str,
    methods: Map<String, Value>,
}

impl Methods {
    fn new(resource: &'static str, _model: &str) -> Methods {
        Methods {
            resource,
            methods: Map::new(),
        }
    }

    fn add(&mut self, name: &str, verb: &str, path: &str, parameters: &[Parameter], table: &Table) {
        let response = if name == "list" {
            format!("{}List", table.model)
        } else {
            table.model.to_owned()
        };
        self.insert(name, verb, path, parameters, &response);
        if matches!(name, "create" | "update")
            && let Some(Value::Object(method)) = self.methods.get_mut(name)
        {
            method.insert(
                "request".to_owned(),
                json!({"required": true, "properties": {table.attribute_key: {"$ref": table.model}}}),
            );
        }
    }

    fn insert(
        &mut self,
        name: &str,
        verb: &str,
        path: &str,
        parameters: &[Parameter],
        response: &str,
    ) {
        let resource = self.resource;
        self.methods.insert(
            name.to_owned(),
            json!({
                "id": format!("arvados.{resource}.{name}"),
                "path": format!("{resource}{path}"),
                "httpMethod": verb,
                "parameters": {},
                "response": {"$ref": response},
                "scopes": if matches!(name, "get" | "list") { &SCOPES[..] } else { &SCOPES[..1] },
            }),
        );
        self.extend(name, parameters);
    }

    fn extend(&mut self, name: &str, parameters: &[Parameter]) {
        let Some(Value::Object(known)) = self
            .methods
            .get_mut(name)
            .and_then(|method| method.get_mut("parameters"))
        else {
            return;
        };
        for (name, kind, location, default) in parameters {
            let mut parameter = json!({
                "type": kind,
                "location": location,
                "required": *location == "path",
            });
            if !default.is_empty() {
                parameter["default"] = (*default).into();
            }
            known.insert((*name).to_owned(), parameter);
        }
    }
}
