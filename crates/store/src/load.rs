//! What the command line fills: the clinical tables with sample data, and the resource store with FHIR resources.
//! Blocks. No server process calls it.

mod batch;
mod clinical;
mod resources;

pub use batch::{Batch, ROWS};
pub use clinical::{Loader, Table};
pub use resources::{Counts, Loaded, Refused, ResourceLoader};
