//! The IPFS crate against a real Kubo: what it stores is what was sent, what it pins is there, what it reads is whole,
//! and what goes wrong is told apart. A double stands in only for what a real node cannot be made to do.

mod check;
mod damage;
mod doubles;
mod gateway;
mod outage;
mod pins;
mod upload;
mod world;
