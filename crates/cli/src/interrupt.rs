//! Ctrl-C for commands that block: the first one asks, the second one ends the program.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anyhow::Context;

/// What shells tell of a program that Ctrl-C ended.
const CODE: i32 = 130;

/// Gives a flag that Ctrl-C sets; `notice` is then said.
///
/// # Errors
/// The system gives no thread or no signal.
pub fn watch(notice: &'static str) -> anyhow::Result<Arc<AtomicBool>> {
    let asked = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&asked);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime cannot be started")?;
    let wait = move || {
        let pressed = || runtime.block_on(tokio::signal::ctrl_c()).is_ok();
        if pressed() {
            flag.store(true, Ordering::Relaxed);
            eprintln!("\n{notice}");
            if pressed() {
                std::process::exit(CODE);
            }
        }
    };
    std::thread::Builder::new()
        .spawn(wait)
        .context("a thread cannot be started")?;
    Ok(asked)
}
