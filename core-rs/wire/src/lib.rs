//! The documents that TypeScript and Rust exchange: plans, requests, replies, errors.
//!
//! These types are the one source. The TypeScript types in `lib/core/wire.ts` are generated from them with the feature `typescript`.

pub mod blank;
pub mod bundle;
pub mod container;
pub mod error;
pub mod filter;
pub mod follow;
pub mod key;
pub mod lifecycle;
pub mod overlay;
pub mod pipe;
pub mod plan;
pub mod request;
pub mod tree;

/// Raised on any change of an op, a field or a type; `lib/core/symbols.ts` has the same number.
pub const ABI_VERSION: u32 = 4;

/// Derives what every wire type has: serde with camelCase fields and snake_case kinds, and TypeScript on request.
macro_rules! wire_type {
    ($(#[$meta:meta])* pub struct $($rest:tt)*) => {
        #[derive(Clone, Debug, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
        $(#[$meta])*
        pub struct $($rest)*
    };
    ($(#[$meta:meta])* pub enum $($rest:tt)*) => {
        #[derive(Clone, Debug, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case", rename_all_fields = "camelCase")]
        #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
        $(#[$meta])*
        pub enum $($rest)*
    };
}
pub(crate) use wire_type;
