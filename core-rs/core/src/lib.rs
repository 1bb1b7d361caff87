//! The library that Deno loads.
