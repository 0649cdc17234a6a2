//! The Arvados API as the component sees it: cluster, users, projects, links, collections.

use std::sync::Arc;

use crate::bindings::collections::{Change, Collection, NewCollection, Query as CollectionQuery};
use crate::bindings::links::{Link, NewLink, Query as LinkQuery};
use crate::bindings::{ApiFault as Fault, View};
use crate::bindings::{api, cluster, collections, links, projects, users};
use crate::gate::{NO_ARGUMENTS, Operation};

use super::Api;
use super::links::class_name;

impl api::Host for View<'_, Arc<Api>> {
    fn convert_error(&mut self, fault: Fault) -> wasmtime::Result<api::Error> {
        fault.convert(api::Error::Denied)
    }
}

impl cluster::Host for View<'_, Arc<Api>> {
    async fn get(&mut self) -> Result<cluster::Config, Fault> {
        let permit = self.gate.admit(Operation::ClusterGet, &NO_ARGUMENTS)?;
        let got = self
            .capability
            .open(&permit)
            .cluster()
            .await
            .map(|cluster| cluster.into());
        permit.close(got).map_err(Fault::Failed)
    }
}

impl users::Host for View<'_, Arc<Api>> {
    async fn current(&mut self) -> Result<String, Fault> {
        let permit = self.gate.admit(Operation::UsersCurrent, &NO_ARGUMENTS)?;
        let user = self.capability.open(&permit).current_user().await;
        permit.close(user).map_err(Fault::Failed)
    }
}

impl projects::Host for View<'_, Arc<Api>> {
    async fn get(&mut self, uuid: String) -> Result<projects::Project, Fault> {
        let operation = Operation::ProjectsGet {
            project: uuid.clone(),
        };
        let permit = self.gate.admit(operation, &(&uuid,))?;
        let project = self.capability.open(&permit).project(&uuid).await;
        permit.close(project).map_err(Fault::Failed)
    }
}

impl links::Host for View<'_, Arc<Api>> {
    async fn list(&mut self, query: LinkQuery) -> Result<Vec<Link>, Fault> {
        let classes = query
            .classes
            .iter()
            .map(|class| class_name(*class))
            .collect();
        let operation = Operation::LinksList {
            classes,
            owner: query.owner.clone(),
        };
        let permit = self.gate.admit(operation, &(&query,))?;
        let listed = self.capability.open(&permit).list_links(&query).await;
        permit.close(listed).map_err(Fault::Failed)
    }

    async fn create(&mut self, link: NewLink) -> Result<Link, Fault> {
        let operation = Operation::LinksCreate {
            class: class_name(link.class),
            name: link.name.clone(),
            head: link.head.clone(),
            owner: link.owner.clone(),
        };
        let permit = self.gate.admit(operation, &(&link,))?;
        let created = self.capability.open(&permit).create_link(&link).await;
        permit.close(created).map_err(Fault::Failed)
    }
}

impl collections::Host for View<'_, Arc<Api>> {
    async fn list(&mut self, query: CollectionQuery) -> Result<Vec<Collection>, Fault> {
        let operation = Operation::CollectionsList {
            manifests: query.detail == collections::Detail::Manifest,
            owner: query.owner.clone(),
        };
        let permit = self.gate.admit(operation, &(&query,))?;
        let listed = self.capability.open(&permit).list_collections(&query).await;
        permit.close(listed).map_err(Fault::Failed)
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
            .create_collection(&collection)
            .await;
        permit.close(created).map_err(Fault::Failed)
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
            .update_collection(&change)
            .await;
        permit.close(updated).map_err(Fault::Failed)
    }
}
