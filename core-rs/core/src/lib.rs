//! The library that Deno loads: one call in, one JSON document out.
//!
//! It lives in a process of many threads, so between clone and execve there is nothing but execve; whatever needs one thread happens in `init`,
//! which is embedded here and executed from a sealed memfd.

mod dispatch;
pub mod ffi;
mod filter;
mod init_image;
mod launch;
mod observe;
mod probe;
mod process;
mod teardown;
mod wait;
