//! The static executable: front, stage, monitor, guard.

fn main() {}
