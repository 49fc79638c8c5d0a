//! Exports are exact at `transactionTime`: a storm of 16 writers against one database, and a model that knows what they
//! committed. The resource store shows every version valid at T and no other, whenever and by whomever it is read; the
//! tables that others write lose nothing between one export and the next.

mod again;
mod chain;
mod files;
mod http;
mod kick_off;
mod model;
mod platform;
mod resources;
mod store;
mod storm;
mod waits;

/// One storm at a time: it takes all that the machine has, and measures how long others wait.
static ONE_STORM: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// How many sessions write.
const WRITERS: usize = 16;
