//! Compiled JSON Schemas of topics. Compiling takes far longer than checking, so they are kept as
//! long as the installation runs with the same manifest.

use crate::MessagingError;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use yunlong_model::{InstallationName, Manifest, Schema};

struct Compiled {
    /// Whose schemas these are: another manifest (an upgrade) is another allocation.
    manifest: Arc<Manifest>,
    topics: HashMap<String, Option<Arc<Schema>>>,
}

#[derive(Default)]
pub(crate) struct SchemaCache(Mutex<HashMap<(InstallationName, semver::Version), Compiled>>);

impl SchemaCache {
    /// The validator of a topic; `None` when the topic has no schema.
    ///
    /// # Errors
    /// [`MessagingError::Undeclared`] when the manifest does not publish the topic.
    pub(crate) fn validator(
        &self,
        installation: &InstallationName,
        manifest: &Arc<Manifest>,
        topic: &str,
    ) -> Result<Option<Arc<Schema>>, MessagingError> {
        let mut cache = self.0.lock();
        let compiled = cache
            // Two versions run side by side while one of them is a canary.
            .entry((installation.clone(), manifest.version.clone()))
            .or_insert_with(|| Compiled { manifest: manifest.clone(), topics: HashMap::new() });
        if !Arc::ptr_eq(&compiled.manifest, manifest) {
            *compiled = Compiled { manifest: manifest.clone(), topics: HashMap::new() };
        }
        if let Some(known) = compiled.topics.get(topic) {
            return Ok(known.clone());
        }
        let declared = manifest
            .publishes
            .iter()
            .find(|t| t.name == topic)
            .ok_or_else(|| MessagingError::Undeclared(topic.to_owned()))?;
        let validator = match &declared.schema {
            None => None,
            Some(schema) => Some(Arc::new(
                Schema::compile(schema)
                    .map_err(|e| MessagingError::Invalid(format!("the schema of topic `{topic}`: {e}")))?,
            )),
        };
        compiled.topics.insert(topic.to_owned(), validator.clone());
        Ok(validator)
    }
}
