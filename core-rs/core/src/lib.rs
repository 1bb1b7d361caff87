//! The library that Deno loads: one call in, one JSON document out.
//!
//! It lives in a process of many threads, so between clone and execve there is nothing but execve; whatever needs one thread happens in `init`,
//! which is embedded here and executed from a sealed memfd.

mod attach;
mod basis;
mod containers;
mod dispatch;
mod exec;
pub mod ffi;
mod host_ps;
mod init_image;
mod key;
mod launch;
mod layer;
mod overlay;
mod perform;
mod pipe;
mod probe;
mod read;
mod teardown;
mod tree;
mod wait;
mod watch;
mod watch_cgroup;
