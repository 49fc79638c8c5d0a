//! The integration tests: one binary, one module a subject. Each test has its own database and its own processes.

mod deploy;
