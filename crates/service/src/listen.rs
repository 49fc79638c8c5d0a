//! Bound sockets, and the files that tell their addresses.

use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
};

/// Binds a socket, and writes its address to a file where one is named: with port 0 only the socket knows it.
///
/// # Errors
/// The address is taken or is not ours, or the file cannot be written.
pub fn listen(address: SocketAddr, file: Option<&Path>) -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    if let Some(file) = file {
        // Written aside and renamed: a reader sees the whole address or none.
        let aside = file.with_extension("tmp");
        std::fs::write(&aside, format!("{}\n", listener.local_addr()?))?;
        std::fs::rename(aside, file)?;
    }
    Ok(listener)
}
