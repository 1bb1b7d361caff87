//! Op `compile_filter`: an OCI seccomp profile becomes a program.
