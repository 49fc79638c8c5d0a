//! `bulk-export load`: FHIR resources from NDJSON files and Bundles into the resource store.

mod broken_off;
mod bundles;
mod files;
mod rejects;
mod usage;
mod versions;
mod world;
