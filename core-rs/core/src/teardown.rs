//! Op `teardown`: executes steps, all of them, whatever fails.
