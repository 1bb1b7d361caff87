//! System calls, one a function, with the call and errno in every error.
