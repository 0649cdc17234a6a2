//! The Arvados API as the component sees it: cluster, users, projects, links, collections.

use crate::bindings::collections::{
    Change, Collection, Disposal, NewCollection, Query as CollectionQuery, Revival,
};
use crate::bindings::links::{Link, NewLink, Query as LinkQuery, Removal};
use crate::bindings::{ApiFault as Fault, View};
use crate::bindings::{api, cluster, collections, containers, links, permissions, projects, users};
use crate::gate::{NO_ARGUMENTS, Operation};

use keepdocker_arvados::api::permissions::{Level, Permission};

use super::{Objects, links as terms};

impl api::Host for View<'_, Objects> {
    fn convert_error(&mut self, fault: Fault) -> wasmtime::Result<api::Error> {
        fault.convert(api::Error::Denied)
    }
}

impl cluster::Host for View<'_, Objects> {
    async fn get(&mut self) -> Result<cluster::Config, Fault> {
        let permit = self.gate.admit(Operation::ClusterGet, &NO_ARGUMENTS)?;
        let got = self
            .capability
            .open(&permit)
            .api()
            .cluster()
            .await
            .map(Into::into);
        permit.close(got).map_err(Fault::Failed)
    }
}

impl users::Host for View<'_, Objects> {
    async fn current(&mut self) -> Result<String, Fault> {
        let permit = self.gate.admit(Operation::UsersCurrent, &NO_ARGUMENTS)?;
        let user = self.capability.open(&permit).api().current_user().await;
        permit.close(user).map_err(Fault::Failed)
    }
}

impl projects::Host for View<'_, Objects> {
    async fn get(&mut self, uuid: String) -> Result<projects::Project, Fault> {
        let operation = Operation::ProjectsGet {
            project: uuid.clone(),
        };
        let permit = self.gate.admit(operation, &(&uuid,))?;
        let project = self.capability.open(&permit).api().project(&uuid).await;
        permit.close(project.map(Into::into)).map_err(Fault::Failed)
    }
}

impl links::Host for View<'_, Objects> {
    async fn list(&mut self, query: LinkQuery) -> Result<Vec<Link>, Fault> {
        let classes = query
            .classes
            .iter()
            .map(|class| terms::Class::from(*class).name())
            .collect();
        let operation = Operation::LinksList {
            classes,
            owner: query.owner.clone(),
        };
        let permit = self.gate.admit(operation, &(&query,))?;
        let listed = self
            .capability
            .open(&permit)
            .list_links(&query.into())
            .await;
        permit.close(listed.map(moved)).map_err(Fault::Failed)
    }

    async fn create(&mut self, link: NewLink) -> Result<Link, Fault> {
        let operation = Operation::LinksCreate {
            class: terms::Class::from(link.class).name(),
            name: link.name.clone(),
            head: link.head.clone(),
            owner: link.owner.clone(),
        };
        let permit = self.gate.admit(operation, &(&link,))?;
        let created = self
            .capability
            .open(&permit)
            .create_link(&link.into())
            .await;
        permit.close(created.map(Into::into)).map_err(Fault::Failed)
    }

    async fn delete(&mut self, link: Removal) -> Result<(), Fault> {
        let operation = Operation::LinksDelete {
            class: terms::Class::from(link.class).name(),
            name: link.name.clone(),
            head: link.head.clone(),
            owner: link.owner.clone(),
        };
        let permit = self.gate.admit(operation, &(&link,))?;
        let deleted = self
            .capability
            .open(&permit)
            .delete_link(&link.into())
            .await;
        permit.close(deleted).map_err(Fault::Failed)
    }
}

impl collections::Host for View<'_, Objects> {
    async fn list(&mut self, query: CollectionQuery) -> Result<Vec<Collection>, Fault> {
        let operation = Operation::CollectionsList {
            manifests: query.detail == collections::Detail::Manifest,
            owner: query.owner.clone(),
        };
        let permit = self.gate.admit(operation, &(&query,))?;
        let listed = self
            .capability
            .open(&permit)
            .list_collections(&query.into())
            .await;
        permit.close(listed.map(moved)).map_err(Fault::Failed)
    }

    async fn create(&mut self, collection: NewCollection) -> Result<Collection, Fault> {
        let operation = Operation::CollectionsCreate {
            name: collection.name.clone(),
            owner: collection.owner.clone(),
            replicas: collection.replicas,
            storage_classes: collection.storage_classes.clone(),
        };
        let permit = self.gate.admit(operation, &(&collection,))?;
        let created = self
            .capability
            .open(&permit)
            .create_collection(&collection.into())
            .await;
        permit.close(created.map(Into::into)).map_err(Fault::Failed)
    }

    async fn update(&mut self, change: Change) -> Result<(), Fault> {
        let operation = Operation::CollectionsUpdate {
            collection: change.collection.clone(),
            owner: change.owner.clone(),
        };
        let permit = self.gate.admit(operation, &(&change,))?;
        let updated = self
            .capability
            .open(&permit)
            .update_collection(&change.into())
            .await;
        permit.close(updated).map_err(Fault::Failed)
    }

    async fn trash(&mut self, disposal: Disposal) -> Result<Option<String>, Fault> {
        let operation = Operation::CollectionsTrash {
            collection: disposal.collection.clone(),
            owner: disposal.owner.clone(),
        };
        let permit = self.gate.admit(operation, &(&disposal,))?;
        let trashed = self
            .capability
            .open(&permit)
            .trash_collection(&disposal.into())
            .await;
        permit.close(trashed).map_err(Fault::Failed)
    }

    async fn untrash(&mut self, revival: Revival) -> Result<(), Fault> {
        let operation = Operation::CollectionsUntrash {
            collection: revival.collection.clone(),
            owner: revival.owner.clone(),
        };
        let permit = self.gate.admit(operation, &(&revival,))?;
        let back = self
            .capability
            .open(&permit)
            .untrash_collection(&revival.into())
            .await;
        permit.close(back).map_err(Fault::Failed)
    }
}

impl containers::Host for View<'_, Objects> {
    async fn used(
        &mut self,
        contents: Vec<String>,
        since: Option<String>,
    ) -> Result<Vec<String>, Fault> {
        let permit = self
            .gate
            .admit(Operation::ContainersUsed, &(&contents, &since))?;
        let api = self.capability.open(&permit).api();
        let used = api.images_in_use(&contents, since.as_deref()).await;
        permit.close(used).map_err(Fault::Failed)
    }
}

impl permissions::Host for View<'_, Objects> {
    async fn set(
        &mut self,
        wanted: permissions::Permission,
    ) -> Result<Option<permissions::Level>, Fault> {
        let terms = Permission::from(wanted.clone());
        let operation = Operation::PermissionsSet {
            object: terms.object.clone(),
            holder: terms.holder.clone(),
            level: terms.level.map_or("", Level::name).to_owned(),
            owner: terms.owner.clone(),
        };
        let permit = self.gate.admit(operation, &(&wanted,))?;
        let before = self.capability.open(&permit).set_permission(&terms).await;
        let before = before.map(|level| level.map(Into::into));
        permit.close(before).map_err(Fault::Failed)
    }
}

/// Moves rows over into the contract's.
fn moved<R, C: From<R>>(rows: Vec<R>) -> Vec<C> {
    rows.into_iter().map(Into::into).collect()
}
