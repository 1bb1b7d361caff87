//! OCI seccomp profiles compiled to a balanced search over system call numbers.
