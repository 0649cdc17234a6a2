//! The part of the cluster's configuration that everybody may see.

use serde_json::{Map, Value, json};

use crate::cluster::{Cluster, Service};
use crate::keep::upkeep::volume_uuid;
use crate::options::ServiceKind;

/// Writes the exported configuration.
pub(crate) fn exported(cluster: &Cluster) -> Value {
    let settings = &cluster.settings;
    let formats: Map<String, Value> = settings
        .docker_image_formats
        .iter()
        .map(|name| (name.clone(), json!({})))
        .collect();
    let classes: Map<String, Value> = settings
        .storage_classes
        .iter()
        .enumerate()
        .map(|(index, name)| (name.clone(), json!({"Default": index == 0, "Priority": 0})))
        .collect();
    let none = json!({"ExternalURL": ""});
    json!({
        "API": {
            "FreezeProjectRequiresDescription": false,
            "FreezeProjectRequiresProperties": {},
            "MaxItemsPerResponse": settings.max_items_per_response,
            "MaxRequestSize": settings.max_request_size,
            "RequestTimeout": "5m",
            "SendTimeout": "5m",
            "UnfreezeProjectRequiresAdmin": false,
        },
        "ClusterID": cluster.id,
        "Collections": {
            "BlobSigning": true,
            "BlobSigningTTL": duration(cluster.signer.ttl()),
            "CollectionVersioning": true,
            "DefaultReplication": settings.default_replication,
            "DefaultTrashLifetime": duration(settings.trash_lifetime / crate::clock::SECOND),
            "ForwardSlashNameSubstitution": "",
            "ManagedProperties": {},
            "PreserveVersionIfIdle": "10s",
            "S3FolderObjects": true,
            "TrustAllContent": false,
        },
        "Containers": {
            "AlwaysUsePreemptibleInstances": false,
            "DefaultKeepCacheRAM": 0,
            "MaxRetryAttempts": 3,
            "MaximumPriceFactor": 1.5,
            "MinRetryPeriod": "0s",
            "ReserveExtraRAM": 576_716_800,
            "RuntimeEngine": "docker",
            "ShellAccess": {"Admin": false, "User": false},
            "SupportedDockerImageFormats": formats,
        },
        "InstanceTypes": {},
        "Login": {
            "Google": {"Enable": false},
            "LDAP": {"Enable": false},
            "LoginCluster": "",
            "OpenIDConnect": {"Enable": false},
            "PAM": {"Enable": false},
            "RemoteTokenRefresh": "5m",
            "Test": {"Enable": false},
        },
        "RemoteClusters": {
            "*": {"ActivateUsers": false, "Host": "", "Insecure": false, "Proxy": false, "Scheme": "https"},
        },
        "Services": {
            "Composer": none,
            "ContainerWebServices": none,
            "Controller": {"ExternalURL": format!("https://{}/", cluster.api_host())},
            "DispatchCloud": none,
            "DispatchLSF": none,
            "DispatchSLURM": none,
            "Health": none,
            "Keepbalance": none,
            "Keepproxy": {"ExternalURL": proxy_url(cluster)},
            "Keepstore": none,
            "RailsAPI": none,
            "WebDAV": none,
            "WebDAVDownload": none,
            "WebShell": none,
            "Websocket": none,
            "Workbench1": none,
            "Workbench2": none,
        },
        "StorageClasses": classes,
        "Users": {
            "AnonymousUserToken": "",
            "CanCreateRoleGroups": true,
            "SupportEmailAddress": "",
            "SyncIgnoredGroups": [],
            "SyncRequiredGroups": [],
            "SyncUserAPITokens": false,
            "SyncUserAccounts": false,
            "SyncUserGroups": false,
            "SyncUserSSHKeys": false,
        },
        "Volumes": volumes(cluster),
        "Workbench": {
            "ArvadosDocsite": "",
            "ArvadosPublicDataDocURL": "",
            "BannerUUID": "",
            "DisableSharingURLsUI": false,
            "FileViewersConfigURL": "",
            "IdleTimeout": "0s",
            "InactivePageHTML": "",
            "SSHHelpHostSuffix": "",
            "SSHHelpPageHTML": "",
            "ShowUserAgreementInline": false,
            "SiteName": "keepdocker sandbox",
            "Theme": "default",
            "UserProfileFormFields": {},
            "UserProfileFormMessage": "",
            "WelcomePageHTML": "",
        },
    })
}

/// Where the proxy is, if there is one.
fn proxy_url(cluster: &Cluster) -> String {
    cluster
        .services()
        .iter()
        .find(|service| service.kind == ServiceKind::Proxy)
        .map_or_else(String::new, Service::url)
}

/// One volume per store.
fn volumes(cluster: &Cluster) -> Map<String, Value> {
    cluster
        .services()
        .iter()
        .filter(|service| service.kind == ServiceKind::Disk)
        .map(|service| {
            let classes: Map<String, Value> = cluster
                .settings
                .classes_of(service.volume)
                .iter()
                .map(|name| (name.clone(), true.into()))
                .collect();
            (
                volume_uuid(cluster, service),
                json!({
                    "AccessViaHosts": {service.url(): {"ReadOnly": false}},
                    "ReadOnly": false,
                    "Replication": 0,
                    "StorageClasses": classes,
                }),
            )
        })
        .collect()
}

/// Writes seconds as the configuration does, without parts that are zero.
fn duration(seconds: i64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut text = String::new();
    for (number, unit) in [(hours, 'h'), (minutes, 'm'), (seconds, 's')] {
        if number > 0 {
            text.push_str(&format!("{number}{unit}"));
        }
    }
    if text.is_empty() {
        "0s".to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_have_no_zero_parts() {
        assert_eq!(duration(1_209_600), "336h");
        assert_eq!(duration(90), "1m30s");
        assert_eq!(duration(0), "0s");
    }
}
