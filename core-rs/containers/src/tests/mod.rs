//! Stores of one test's own: real files, real processes, and monitors that say what a test wants.

mod bundle;
mod bundle_hooks;
mod changes;
mod end_to_end;
mod ends;
mod sandbox;
mod scratch;
mod store;
