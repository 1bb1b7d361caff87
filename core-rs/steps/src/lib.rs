//! Executes the plan steps of the runtime namespace.
